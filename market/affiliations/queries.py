"""Read how parties are related, the ties that were stated, and what related parties deal in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.affiliations import holding, relating, store
from market.affiliations.model import Dealing, Matter, Relation, Tie
from market.affiliations.states import State


class TieMissing(Missing):
    """There is no such tie, or none that this actor may know of."""


class RelatedDealingMissing(Missing):
    """There is no such dealing, or none that this actor may know of."""


async def find_relation(tx: Tx, *, of: PartyId, to: PartyId, on: dt.date) -> Relation | None:
    """Return how one party is related to another on a day, whoever stated it; None if it is not."""
    (one, other), ties = await store.read_above(tx, [of, to], on=on)
    return relating.find(one, other, ties, on=on)


async def find_related(
    tx: Tx, *, of: PartyId, among: Sequence[PartyId], on: dt.date
) -> tuple[PartyId, Relation] | None:
    """Return the first of several parties to whom one is tied by control, and how."""
    nodes, ties = await store.read_above(tx, [of, *among], on=on)
    for party, node in zip(among, nodes[1:], strict=True):
        found = relating.find(nodes[0], node, ties, on=on)
        if found is not None and found.is_of_control:
            return party, found
    return None


async def is_controlled_by(tx: Tx, *, party: PartyId, by: Iterable[PartyId], on: dt.date) -> bool:
    """Tell whether one of some parties controls another on a day (A47)."""
    above = sorted(set(by) - {party})
    if not above:
        return False
    nodes, ties = await store.read_above(tx, [party, *above], on=on)
    return any(relating.controls(node, nodes[0], ties, on=on) for node in nodes[1:])


async def check_free(tx: Tx, *, matter: Matter, matter_id: uuid.UUID) -> None:
    """Return if what two related parties deal in may go on.

    :raises RelatedDealingHeld: if the authority has not released it.
    """
    async with beyond_own_rows(tx):
        holding.check_free(await store.find_dealing(tx, matter, matter_id))


async def list_ties(
    tx: Tx,
    *,
    viewer: Actor,
    party_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Tie]:
    """Return ties, the newest first: those that one's own party stated, or all to the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("affiliation:read")
    sees_all = viewer.may("related_dealing:read")
    query = paging.fingerprint("affiliations", str(viewer.party_id), str(party_id))
    found = await store.list_ties(
        tx,
        node=None if party_id is None else await store.node_of(tx, PartyId(party_id)),
        stated_by=None if sees_all else viewer.party,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_dealings(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Dealing]:
    """Return what related parties deal in, the newest first, to the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("related_dealing:read")
    query = paging.fingerprint("related_dealings", None if state is None else state.value)
    found = await store.list_dealings(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)
