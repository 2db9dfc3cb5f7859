"""Stop an auction whose result is objected to, let it go on, or leave a winner out (异议期间的暂停与递补).

Parts of the commands on objections, which stand above this room and decide.
"""

from __future__ import annotations

import datetime as dt

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.auctions import announcing, awarding, store
from market.auctions.model import Auction
from market.auctions.operations import casework, opening
from market.auctions.states import Event


async def hold(tx: Tx, before: Auction, *, now: dt.datetime) -> Auction:
    """Award nothing until it is decided on an objection; the supplier's days do not run meanwhile.

    :raises AuctionEventNotAllowed: if it is not decided, or awarded already.
    :raises AuctionNoticeOver: if its result is not on public notice.
    """
    after = await casework.move(tx, before, Event.OBJECT, now=now)
    awarding.check_on_notice(before, now)
    await _stop_awarding(tx, after, now=now, note="objected")
    return after


async def go_on(tx: Tx, before: Auction, *, now: dt.datetime, calendar: Calendar) -> Auction:
    """Let the result stand: the supplier awards, after the notice if that still runs."""
    after = await casework.move(tx, before, Event.GO_ON, now=now)
    await _let_award(tx, after, now=now, calendar=calendar)
    return after


async def exclude(
    tx: Tx,
    before: Auction,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    paddle: int,
    reason: str,
) -> Auction:
    """Leave a winner out: the next one comes, and that result is on public notice as the first was."""
    notice = deadline(announcing.ON_NOTICE, local_date(now), calendar)
    after = await casework.move(
        tx,
        before,
        Event.EXCLUDE,
        now=now,
        excluded=(*before.excluded, paddle),
        result=before.result + 1,
        notice_ends_at=notice.ends_at,
    )
    async with beyond_own_rows(tx):
        chosen = awarding.next_winners(after, await store.list_awards(tx, after.id))
    await casework.remember(
        tx,
        Happened.AUCTION_WINNER_EXCLUDED,
        after,
        actor=actor,
        now=now,
        facts={"paddle": paddle, "winners": chosen, "notice_ends_at": notice.ends_at},
        reason=reason,
    )
    if not chosen:
        return await opening.fail(tx, after, actor=actor, now=now, reason=opening.EXCLUDED)
    await _let_award(tx, after, now=now, calendar=calendar)
    until = notice.last_day.isoformat()
    await casework.tell_bidders(tx, after, Topic.AUCTION_DECIDED, now=now, until=until)
    return after


async def _let_award(tx: Tx, auction: Auction, *, now: dt.datetime, calendar: Calendar) -> None:
    after = local_date(now)
    ends_at = auction.notice_ends_at
    if ends_at is not None and now < ends_at:
        after = local_date(ends_at - dt.timedelta(microseconds=1))
    async with beyond_own_rows(tx):
        await opening.start_awarding(tx, auction, now=now, calendar=calendar, after=after)
    await casework.tell(
        tx,
        auction,
        Topic.AUCTION_TO_AWARD,
        to=[auction.supplier_party_id],
        now=now,
        after=after.isoformat(),
    )


async def _stop_awarding(tx: Tx, auction: Auction, *, now: dt.datetime, note: str) -> None:
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind=casework.SUBJECT, subject_id=auction.id, note=note
        )
