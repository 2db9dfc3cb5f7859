"""Object to the result of an auction, and take that back (提出、撤回成交异议)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import AccountId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.auctions import queries as auctions
from market.auctions.model import Auction
from market.auctions.operations import casework as auction_casework
from market.auctions.operations import on_notice
from market.award_objections import objecting, store
from market.award_objections.model import AwardObjection, AwardObjectionId, Filed
from market.award_objections.operations import casework
from market.award_objections.queries import AwardObjectionMissing
from market.award_objections.states import Event, State
from market.identity import queries as identity
from market.identity.model import Capacity


async def object_to(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    auction_id: uuid.UUID,
    said: Filed,
) -> AwardObjection:
    """Object to a result that is on public notice; nothing is awarded until it is decided (提出异议).

    :raises NotPermitted: if the actor bids nowhere.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if it is not decided, or was awarded.
    :raises AuctionNoticeOver: if the notice is over.
    :raises NotABidder: if the party has no number in it (and the others of ``objecting.check``).
    """
    actor.require("award_objection:file")
    before = await auction_casework.lock(tx, auction_id)
    held = await on_notice.hold(tx, before, now=now)
    bidder = objecting.check(
        await auctions.find_bidder(tx, auction_id=held.id, party=actor.party),
        await _winners(tx, held),
        against=said.against_paddle,
        reasons=said.reasons,
        earlier=await store.list_of(tx, held.id),
        result=held.result,
    )
    assert actor.account_id is not None, "who objects has an account"
    until = deadline(objecting.DECIDED_WITHIN, local_date(now), calendar)
    filed = AwardObjection(
        id=AwardObjectionId(new_id()),
        auction_id=held.id,
        party_id=actor.party,
        supplier_party_id=held.supplier_party_id,
        paddle=bidder.paddle,
        result=held.result,
        against_paddle=said.against_paddle,
        reasons=said.reasons,
        state=State.FILED,
        filed_at=now,
        filed_by=AccountId(actor.account_id),
        decide_until=until.ends_at,
    )
    await store.insert(tx, filed)
    await _start_clock(tx, filed, now=now, calendar=calendar)
    await casework.tell(
        tx,
        Topic.AWARD_OBJECTED,
        held,
        to=[held.supplier_party_id],
        now=now,
        until=until.last_day.isoformat(),
    )
    await casework.remember(
        tx,
        Happened.AWARD_OBJECTION_FILED,
        filed,
        auction=held,
        actor=actor,
        now=now,
        facts={"paddle": filed.paddle, "against_paddle": filed.against_paddle},
        reason=filed.reasons,
    )
    return filed


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, objection_id: uuid.UUID
) -> AwardObjection:
    """Take one's objection back; the auction goes on if no other one waits (撤回异议).

    :raises NotPermitted: if the actor bids nowhere.
    :raises AwardObjectionMissing: if it is unknown, or somebody else's.
    :raises AwardObjectionEventNotAllowed: if it was decided on.
    """
    actor.require("award_objection:file")
    # The auction first, as every command on it: who decides at the same time waits, or is waited for.
    seen = await store.find(tx, objection_id)
    if seen is None or seen.party_id != actor.party:
        raise AwardObjectionMissing
    auction = await auction_casework.lock(tx, seen.auction_id)
    before = await casework.lock(tx, objection_id)
    after = await casework.move(tx, before, Event.WITHDRAW)
    await end_clock(tx, after, now=now)
    auction = await go_on_if_none_waits(tx, auction, now=now, calendar=calendar)
    await casework.remember(
        tx, Happened.AWARD_OBJECTION_WITHDRAWN, after, auction=auction, actor=actor, now=now
    )
    return after


async def go_on_if_none_waits(
    tx: Tx, auction: Auction, *, now: dt.datetime, calendar: Calendar
) -> Auction:
    """Let an auction go on whose last objection has ended; a part of another command."""
    async with beyond_own_rows(tx):
        others = await store.list_of(tx, auction.id)
    if any(each.state is State.FILED for each in others):
        return auction
    return await on_notice.go_on(tx, auction, now=now, calendar=calendar)


async def end_clock(tx: Tx, objection: AwardObjection, *, now: dt.datetime) -> None:
    """Stop the clock of an objection that has ended; a part of another command."""
    async with beyond_own_rows(tx):
        await timers.meet(
            tx,
            now=now,
            kind=casework.DECIDING,
            subject_kind=casework.SUBJECT,
            subject_id=objection.id,
        )


async def _winners(tx: Tx, auction: Auction) -> set[int]:
    shown = await auctions.show(tx, auction)
    return {won.paddle for won in shown.winners}


async def _start_clock(
    tx: Tx, filed: AwardObjection, *, now: dt.datetime, calendar: Calendar
) -> None:
    owing = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    async with beyond_own_rows(tx):  # the authority's days, begun by a bidder
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=casework.DECIDING,
            subject_kind=casework.SUBJECT,
            subject_id=filed.id,
            against="authority",
            rulebook=casework.RULEBOOK,
            period=objecting.DECIDED_WITHIN,
            started_on=local_date(now),
            party_id=None if owing is None else owing.id,
        )
