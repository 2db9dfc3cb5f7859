"""Begin and end an auction by the clock, hand over what opens it, decide it (开始、截止、开标、定标)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Invalid
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as timers
from market.auctions import announcing, closing, deciding, queries, sealing
from market.auctions.closing import Ending
from market.auctions.model import Auction, Handed, ShownBid
from market.auctions.operations import casework
from market.auctions.queries import AuctionMissing
from market.auctions.states import Event, State, advance

#: Why an auction ends by itself; whoever takes one back says it in words.
EXCLUDED: Final = "winners_excluded"
REASONS: Final = (
    "no_bid_high_enough",
    "winners_defaulted",
    "keys_not_handed_over",
    EXCLUDED,
)
OPENING: Final = "auction_opening"
AWARDING: Final = "auction_award"


class NothingHandedOver(Invalid):
    """Neither key nor reserve is in it, or not what this party has to hand over."""

    code = "auction_nothing_handed_over"


class HandedOverBefore(Conflict):
    """It was handed over before, and stays."""

    code = "auction_handed_over_before"


async def move_on(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, auction_id: uuid.UUID
) -> Auction | None:
    """Do what is due by the clock: begin, end, or do without what was not handed over; None if nothing is.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("auction:move_on")
    before = await casework.lock(tx, auction_id)
    if before.state is State.ANNOUNCED and now >= before.rules.opens_at:
        begun = await casework.move(tx, before, Event.BEGIN, now=now)
        await casework.remember(tx, Happened.AUCTION_BEGUN, begun, actor=actor, now=now)
        return begun
    if before.state is State.OPEN and closing.may_be_closed(before.ends_at, now):
        return await _close(tx, before, actor=actor, now=now, calendar=calendar)
    is_late = before.hand_over_until is not None and now >= before.hand_over_until
    if before.state is State.CLOSED and is_late:
        return await _do_without(tx, before, actor=actor, now=now, calendar=calendar)
    return None


async def hand_over(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    auction_id: uuid.UUID,
    handed: Handed,
) -> Auction:
    """Hand over one's half of the key, and as supplier the reserve; whoever comes last opens all bids.

    :raises NotPermitted: if the actor has nothing to do with it.
    :raises AuctionMissing: if there is none, or it is another supplier's.
    :raises AuctionEventNotAllowed: if bids are not closed, or all is decided.
    :raises NothingHandedOver: if it is not what this party has to hand over.
    :raises HandedOverBefore: if it was handed over.
    :raises KeyDiffers: if the key is not the half of the one that was announced.
    :raises ReserveDiffers: if the reserve is not the one to which the announcement is bound.
    :raises AuctionPriceOutsideFiled: if the reserve lies outside what was filed.
    :raises NotYetInLog: if the last bids have no place in the log yet.
    """
    actor.require("auction:hand_over")
    before = await casework.lock(tx, auction_id)
    if before.supplier_party_id == actor.party_id:
        changes = _of_supplier(before, handed)
    elif actor.clearance is Clearance.STAFF:
        changes = _of_operator(before, handed)
    else:
        raise AuctionMissing
    after = await casework.move(tx, before, Event.HAND_OVER, now=now, **changes)
    await casework.remember(
        tx,
        Happened.AUCTION_KEY_HANDED_OVER,
        after,
        actor=actor,
        now=now,
        facts={"handed": sorted(changes)},
    )
    if not _is_complete(after):
        return after
    return await _decide(tx, after, actor=actor, now=now, calendar=calendar)


def _of_supplier(before: Auction, handed: Handed) -> dict[str, bytes | int | str | None]:
    rules = before.rules
    is_whole = (handed.private_key is not None) is rules.kind.is_sealed and (
        (handed.reserve_fen is not None and handed.reserve_salt is not None)
        is (rules.reserve_sha256 is not None)
    )
    if not is_whole or (handed.private_key is None and handed.reserve_fen is None):
        raise NothingHandedOver
    if before.supplier_private_key is not None or before.reserve_fen is not None:
        raise HandedOverBefore
    changes: dict[str, bytes | int | str | None] = {}
    if handed.private_key is not None:
        sealing.check_half(handed.private_key, rules.supplier_key)
        changes["supplier_private_key"] = handed.private_key
    if handed.reserve_fen is not None and handed.reserve_salt is not None:
        sealing.check_reserve(handed.reserve_fen, handed.reserve_salt, rules.reserve_sha256)
        announcing.check_within(handed.reserve_fen, before.least_fen, before.most_fen)
        changes |= {"reserve_fen": handed.reserve_fen, "reserve_salt": handed.reserve_salt}
    return changes


def _of_operator(before: Auction, handed: Handed) -> dict[str, bytes | int | str | None]:
    if handed.private_key is None or handed.reserve_fen is not None or before.operator_key is None:
        raise NothingHandedOver
    if before.operator_private_key is not None:
        raise HandedOverBefore
    sealing.check_half(handed.private_key, before.operator_key)
    return {"operator_private_key": handed.private_key}


def _has_keys(auction: Auction) -> bool:
    return not auction.rules.kind.is_sealed or (
        auction.supplier_private_key is not None and auction.operator_private_key is not None
    )


def _is_complete(auction: Auction) -> bool:
    """Tell whether nothing is missing any more that opens the auction."""
    return _has_keys(auction) and (
        auction.rules.reserve_sha256 is None or auction.reserve_fen is not None
    )


async def _close(
    tx: Tx, before: Auction, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Auction:
    until = deadline(announcing.HANDED_OVER_WITHIN, local_date(now), calendar)
    after = await casework.move(
        tx, before, Event.CLOSE, now=now, closed_at=now, hand_over_until=until.ends_at
    )
    await casework.remember(
        tx,
        Happened.AUCTION_CLOSED,
        after,
        actor=actor,
        now=now,
        facts={"ends_at": after.ends_at, "extension_count": after.extension_count},
    )
    if _is_complete(after):  # rising bids without a reserve: nothing is to be opened
        return await _decide(tx, after, actor=actor, now=now, calendar=calendar)
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=OPENING,
        subject_kind=casework.SUBJECT,
        subject_id=after.id,
        against="supplier",
        rulebook=casework.RULEBOOK,
        period=announcing.HANDED_OVER_WITHIN,
        started_on=local_date(now),
        party_id=after.supplier_party_id,
    )
    await casework.tell(
        tx,
        after,
        Topic.AUCTION_CLOSED,
        to=[after.supplier_party_id],
        now=now,
        until=until.last_day.isoformat(),
    )
    return after


async def _do_without(
    tx: Tx, before: Auction, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Auction:
    """Decide without a reserve that was not told in time; bids that nobody can open end the auction."""
    if _has_keys(before):
        return await _decide(tx, before, actor=actor, now=now, calendar=calendar)
    missing = [
        side
        for side, key in (
            ("supplier", before.supplier_private_key),
            ("operator", before.operator_private_key),
        )
        if key is None
    ]
    reason = f"keys_not_handed_over: {', '.join(missing)}"
    failed = await casework.move(tx, before, Event.FAIL, now=now, reason=reason)
    await _end_timers(tx, failed, now=now)
    await casework.remember(
        tx, Happened.AUCTION_FAILED, failed, actor=actor, now=now, reason=reason
    )
    await casework.tell_bidders(tx, failed, Topic.AUCTION_ENDED, now=now, reason=reason)
    return failed


async def _decide(
    tx: Tx, before: Auction, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Auction:
    """Open all bids together, compute who has won, and tell everybody."""
    advance(before.state, Event.DECIDE)
    bids: Sequence[ShownBid]
    if before.rules.kind.is_sealed:
        bids = await _opened(tx, before)
    else:
        bids = await queries.public_bids(tx, before)
    reserve = None
    if before.reserve_fen is not None and before.reserve_salt is not None:
        reserve = (before.reserve_fen, before.reserve_salt)
    outcome = deciding.outcome(
        before.lot,
        before.rules,
        bids,
        Ending(before.ends_at, before.extension_count),
        reserve=reserve,
    )
    notice = deadline(announcing.ON_NOTICE, local_date(now), calendar)
    decided = await casework.move(
        tx,
        before,
        Event.DECIDE,
        now=now,
        decided_at=now,
        outcome=outcome,
        result=1,
        notice_ends_at=notice.ends_at,
    )
    await _end_timers(tx, decided, now=now)
    await casework.remember(
        tx,
        Happened.AUCTION_DECIDED,
        decided,
        actor=actor,
        now=now,
        facts={"outcome": outcome},
        digests=[
            Digest(casework.OUTCOME, str(decided.id), sha256_hex(canonical(outcome))),
        ],
    )
    if not outcome.winners:
        return await fail(tx, decided, actor=actor, now=now, reason="no_bid_high_enough")
    async with beyond_own_rows(tx):
        await start_awarding(tx, decided, now=now, calendar=calendar, after=notice.last_day)
    until = notice.last_day.isoformat()
    await casework.tell_bidders(tx, decided, Topic.AUCTION_DECIDED, now=now, until=until)
    await casework.tell(
        tx, decided, Topic.AUCTION_TO_AWARD, to=[decided.supplier_party_id], now=now, after=until
    )
    return decided


async def fail(tx: Tx, before: Auction, *, actor: Actor, now: dt.datetime, reason: str) -> Auction:
    """Say that nobody has won, or nobody is left (流拍); a part of another command."""
    failed = await casework.move(tx, before, Event.FAIL, now=now, reason=reason)
    await casework.remember(
        tx, Happened.AUCTION_FAILED, failed, actor=actor, now=now, reason=reason
    )
    await casework.tell_bidders(tx, failed, Topic.AUCTION_ENDED, now=now, reason=reason)
    await casework.tell(
        tx,
        failed,
        Topic.AUCTION_ENDED,
        to=[failed.supplier_party_id],
        now=now,
        reason=reason,
    )
    return failed


async def start_awarding(
    tx: Tx, decided: Auction, *, now: dt.datetime, calendar: Calendar, after: dt.date
) -> None:
    """Let the supplier's days begin after a day, in which it awards; a part of another command."""
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=AWARDING,
        subject_kind=casework.SUBJECT,
        subject_id=decided.id,
        against="supplier",
        rulebook=casework.RULEBOOK,
        period=announcing.AWARDED_WITHIN,
        started_on=after,
        party_id=decided.supplier_party_id,
    )


async def _opened(tx: Tx, auction: Auction) -> list[ShownBid]:
    """Return every standing bid as its box has it, in the order in which they stand in the log."""
    assert auction.supplier_private_key is not None, "nothing is opened without both keys"
    assert auction.operator_private_key is not None, "nothing is opened without both keys"
    return [
        deciding.opened(
            box,
            auction_id=auction.id,
            rules=auction.rules,
            most_fen=auction.most_fen,
            supplier_private=auction.supplier_private_key,
            operator_private=auction.operator_private_key,
        )
        for box in await queries.list_boxes(tx, auction)
    ]


async def _end_timers(tx: Tx, auction: Auction, *, now: dt.datetime) -> None:
    async with beyond_own_rows(tx):
        if await timers.was_started(
            tx, kind=OPENING, subject_kind=casework.SUBJECT, subject_id=auction.id
        ):
            await timers.meet(
                tx, now=now, kind=OPENING, subject_kind=casework.SUBJECT, subject_id=auction.id
            )
