"""Lock, keep and remember an auction, and tell whom it concerns: the ends of every command on it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Appended, Digest, EntryId, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from market.auctions import store
from market.auctions.model import Auction
from market.auctions.queries import AuctionMissing
from market.auctions.states import Event, State, advance

SUBJECT: Final = "auction"
SEALED_BID: Final = "auction_bid"
BOX: Final = "auction_box"
RESERVE: Final = "auction_reserve"
OUTCOME: Final = "auction_outcome"
AWARD: Final = "auction_award"
RULEBOOK: Final = HAINAN_2023.code


async def lock(tx: Tx, auction_id: uuid.UUID) -> Auction:
    """Lock and return an auction.

    :raises AuctionMissing: if there is none that the actor may know of.
    """
    found = await store.lock(tx, auction_id)
    if found is None:
        raise AuctionMissing
    return found


async def lock_own(tx: Tx, actor: Actor, auction_id: uuid.UUID) -> Auction:
    """Lock and return an auction of the actor's own party.

    :raises AuctionMissing: if there is none, or it is another supplier's.
    """
    found = await lock(tx, auction_id)
    if found.supplier_party_id != actor.party:
        raise AuctionMissing
    return found


async def move(
    tx: Tx, before: Auction, event: Event, *, now: dt.datetime, **changes: Any
) -> Auction:
    """Return the auction after an event, stored.

    :raises AuctionEventNotAllowed: if the event does not happen in its state.
    """
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


def begun(auction: Auction, now: dt.datetime) -> Auction:
    """Return an auction that is open from its hour on, whether or not a job was there to say so."""
    if auction.state is State.ANNOUNCED and now >= auction.rules.opens_at:
        return msgspec.structs.replace(auction, state=advance(auction.state, Event.BEGIN))
    return auction


async def tell(
    tx: Tx,
    auction: Auction,
    topic: Topic,
    *,
    to: Iterable[PartyId],
    now: dt.datetime,
    **facts: str,
) -> None:
    """Tell parties about an auction, each once."""
    for party in sorted(set(to)):
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=topic,
            subject=Subject(SUBJECT, str(auction.id)),
            facts={"number": auction.number, "product": auction.product_name, **facts},
        )


async def tell_bidders(
    tx: Tx, auction: Auction, topic: Topic, *, now: dt.datetime, **facts: str
) -> None:
    """Tell all bidders of an auction."""
    async with beyond_own_rows(tx):
        bidders = await store.list_bidders(tx, auction.id)
        parties = [bidder.party_id for bidder in bidders]
        await tell(tx, auction, topic, to=parties, now=now, **facts)


async def remember(
    tx: Tx,
    event: Happened,
    about: Auction,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any = None,
    reason: str | None = None,
    also: Sequence[Subject] = (),
    digests: Sequence[Digest] = (),
    entry_id: EntryId | None = None,
) -> Appended:
    """Append what happened to an auction to the log."""
    return await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject(SUBJECT, str(about.id)),
            Subject("product", str(about.lot.product_id)),
            *also,
        ],
        facts=facts,
        after={"state": about.state.value, "version": about.version},
        reason=reason,
        rules=("BJ-17", "GD-07"),
        digests=digests,
        entry_id=entry_id,
    )
