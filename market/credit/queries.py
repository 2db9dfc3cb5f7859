"""Read the credit of parties: one's own, all for the houses, what is in force for everybody."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.credit import sanctions, store
from market.credit.model import CreditList, CreditRecord, Reward, Standing

_MOST_PUBLIC: Final = 1_000
_KNOWN_SECONDS: Final = 30.0  # [P] so late a sanction, or its repair, may show in a search


class CreditRecordMissing(Missing):
    """There is no such finding, or none that this actor may know of."""

    code = "not_found"


async def get_standing(tx: Tx, *, party_id: PartyId, on: dt.date) -> Standing:
    """Return what a party's record means on a day, for whoever decides what it may do.

    The rooms above ask this: an order, the policy decision (``is_party_banned``).
    """
    async with beyond_own_rows(tx):
        punished = await store.list_punished(tx, party_id)
        rewards = await store.list_rewards(tx, party_id)
    return sanctions.standing(punished, rewards, on)


async def is_banned(tx: Tx, *, party_id: PartyId, on: dt.date) -> bool:
    """Tell whether a party is banned on a day (GZF-29)."""
    return (await get_standing(tx, party_id=party_id, on=on)).is_banned


def banned(party: str, *, day: str) -> str:
    """Return in SQL what ``is_banned`` tells, for who reads it together with what it decides about."""
    return store.banned(party, day=day)


async def get_public(tx: Tx, *, today: dt.date) -> CreditList:
    """Return who is punished and who rewarded today: organisations alone, without the facts."""
    async with beyond_own_rows(tx):
        return CreditList(
            tuple(await store.list_public(tx, today=today, limit=_MOST_PUBLIC)),
            tuple(await store.list_public_rewards(tx, today=today, limit=_MOST_PUBLIC)),
        )


async def get(tx: Tx, *, viewer: Actor, record_id: uuid.UUID) -> CreditRecord:
    """Return a finding to the party that it is about, or to the houses.

    :raises CreditRecordMissing: if there is none that the viewer may know of.
    """
    found = await store.find(tx, record_id)
    if found is None or not (viewer.may("credit:read") or found.party_id == viewer.party):
        raise CreditRecordMissing
    return found


async def list_records(
    tx: Tx,
    *,
    viewer: Actor,
    party_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[CreditRecord]:
    """Return findings, the newest first: all for the houses, else those about one's own party.

    :raises NotPermitted: if the viewer belongs to no party.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    party = party_id if viewer.may("credit:read") else viewer.party
    query = paging.fingerprint("credit_records", str(party))
    found = await store.list_page(
        tx, party=party, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    return paging.page_by_id(query, found, limit)


async def list_rewards(tx: Tx, *, viewer: Actor) -> list[Reward]:
    """Return the rewards of the viewer's own party."""
    return await store.list_rewards(tx, viewer.party)


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return the findings whose sanction is over, for the job that says so."""
    return await store.list_over(tx, today=today, limit=limit)


class RankedLower:
    """Which public products are ranked lower by their supplier's record, as one process knows it.

    Read again when it is half a minute old: a search asks for it each time.
    """

    def __init__(self) -> None:
        self._known: frozenset[uuid.UUID] = frozenset()
        self._read_at: float | None = None

    async def products(self, tx: Tx, *, on: dt.date, at: float) -> frozenset[uuid.UUID]:
        """Return their ids; ``at`` is the seconds of a clock that never goes back."""
        if self._read_at is None or at - self._read_at > _KNOWN_SECONDS:
            async with beyond_own_rows(tx):
                self._known = frozenset(await store.list_ranked_lower(tx, today=on))
            self._read_at = at
        return self._known
