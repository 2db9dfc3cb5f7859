"""Award what was won, note what came of it, go on to the next, or declare it void (成交、签约、违约、作废)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Invalid, Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.auctions import announcing, awarding, store
from market.auctions.model import Auction, Award
from market.auctions.operations import casework, opening
from market.auctions.states import Event, State, advance
from market.credit import operations as credit
from market.credit.model import Act, Finding
from market.orders import queries as orders
from market.special_prices import operations as special_prices
from market.special_prices.model import Offered

ORDERING: Final = "auction_order"


class AwardMissing(Missing):
    """There is no such award."""


class VoidReasonMissing(Invalid):
    """Whoever declares a result void says why."""

    code = "auction_void_reason_missing"


async def award(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, auction_id: uuid.UUID
) -> Auction:
    """Award, as the supplier, to whoever has won: each is offered its price, to be ordered by a day.

    Who has won is computed; the supplier chooses nobody.

    :raises NotPermitted: if the actor sells nothing.
    :raises AuctionMissing: if there is none, or it is another supplier's.
    :raises AuctionEventNotAllowed: if it is not decided, or awarded, or an objection waits.
    :raises AuctionNoticeRunning: if the result is on public notice still.
    :raises FilingNotInEffect: if the price is not in effect any more (and the others of
        ``special_prices.offer``).
    """
    actor.require("auction:award")
    before = await casework.lock_own(tx, actor, auction_id)
    advance(before.state, Event.AWARD)
    awarding.check_noticed(before, now)
    awarded_before = await store.list_awards(tx, before.id)
    chosen = awarding.next_winners(before, awarded_before)
    assert chosen, "what is decided has somebody who comes next"
    until = deadline(announcing.ORDERED_WITHIN, local_date(now), calendar).last_day
    async with beyond_own_rows(tx):  # whose the winning numbers are
        bidders = {each.paddle: each for each in await store.list_bidders(tx, before.id)}
    after = await casework.move(tx, before, Event.AWARD, now=now)
    for won in chosen:
        bidder = bidders[won.paddle]
        price = await special_prices.offer(
            tx,
            actor=actor,
            now=now,
            offered=Offered(
                filing_id=after.filing_id,
                price_item=after.lot.price_item,
                quantity=after.lot.quantity,
                amount_fen=won.price_fen,
                buyer_party_id=bidder.party_id,
                valid_until=until,
                reason=awarding.reason(after, won),
            ),
        )
        given = Award(
            id=new_id(),
            auction_id=after.id,
            party_id=bidder.party_id,
            paddle=won.paddle,
            price_fen=won.price_fen,
            special_price_id=price.id,
            order_until=until,
            awarded_at=now,
        )
        await store.insert_award(tx, given, after.supplier_party_id)
        await _start_ordering(tx, given, now=now, calendar=calendar)
        await casework.tell(
            tx,
            after,
            Topic.AUCTION_WON,
            to=[bidder.party_id],
            now=now,
            price_fen=str(won.price_fen),
            until=until.isoformat(),
        )
    await _meet(tx, opening.AWARDING, casework.SUBJECT, after.id, now=now)
    await casework.remember(
        tx,
        Happened.AUCTION_AWARDED,
        after,
        actor=actor,
        now=now,
        facts={"winners": chosen, "order_until": until},
    )
    return after


async def settle(tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID) -> bool:
    """Note which winners have a contract by now; return whether one had.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("auction:move_on")
    before = await casework.lock(tx, auction_id)
    if before.state is not State.AWARDED:
        return False
    awards = await store.list_awards(tx, before.id)
    settled = []
    for each in awards:
        if each.contracted_at is not None or each.defaulted_at is not None:
            continue
        order = await orders.find_by_special_price(tx, special_price_id=each.special_price_id)
        if order is not None and awarding.is_contract(before, order):
            done = msgspec.structs.replace(
                each, contracted_at=order.contracted_at, order_id=order.id
            )
            await store.update_award(tx, done)
            await _meet(tx, ORDERING, casework.AWARD, done.id, now=now)
            settled.append(done)
    if not settled:
        return False
    after = before
    is_all = awarding.is_settled(await store.list_awards(tx, before.id))
    if is_all:
        after = await casework.move(tx, before, Event.CONTRACT, now=now)
    await casework.remember(
        tx,
        Happened.AUCTION_CONTRACTED,
        after,
        actor=actor,
        now=now,
        facts={"paddles": [each.paddle for each in settled], "is_all": is_all},
        also=[Subject("order", str(each.order_id)) for each in settled],
    )
    return True


async def declare_default(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    auction_id: uuid.UUID,
    paddle: int,
) -> Auction:
    """Declare that a winner let its days pass (竞得人违约): it is on its record, and the next one comes.

    The finding can be objected to as any other. The price that it was offered is over by itself.

    :raises NotPermitted: if the actor is not the operator's.
    :raises AuctionMissing: if there is none.
    :raises AwardMissing: if that bidder was awarded nothing.
    :raises AuctionEventNotAllowed: if nothing is awarded.
    :raises AwardRunning: if its days still run, or it has ordered (``awarding.py``).
    """
    actor.require("auction:declare_default")
    before = await casework.lock(tx, auction_id)
    advance(before.state, Event.DEFAULT)
    awards = await store.list_awards(tx, before.id)
    given = next((each for each in awards if each.paddle == paddle), None)
    if given is None:
        raise AwardMissing
    order = await orders.find_by_special_price(tx, special_price_id=given.special_price_id)
    awarding.check_default(before.lot, given, order, today=local_date(now))
    await store.update_award(tx, msgspec.structs.replace(given, defaulted_at=now))
    await timers.cancel_all(
        tx, now=now, subject_kind=casework.AWARD, subject_id=given.id, note="defaulted"
    )
    record = await credit.find(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        finding=Finding(
            party_id=given.party_id,
            act=Act.BREACH_OF_CONTRACT,
            facts=awarding.default_facts(before, given),
            basis=f"竞价 {before.number} 成交确认",
        ),
    )
    after = await casework.move(tx, before, Event.DEFAULT, now=now)
    await casework.remember(
        tx,
        Happened.AUCTION_WINNER_DEFAULTED,
        after,
        actor=actor,
        now=now,
        facts={"paddle": paddle, "price_fen": given.price_fen},
        also=[Subject("credit_record", str(record.id))],
    )
    awards = await store.list_awards(tx, after.id)
    if not awarding.next_winners(after, awards):
        return await _nobody_left(tx, after, awards, actor=actor, now=now)
    today = local_date(now)
    await opening.start_awarding(tx, after, now=now, calendar=calendar, after=today)
    await casework.tell(
        tx,
        after,
        Topic.AUCTION_TO_AWARD,
        to=[after.supplier_party_id],
        now=now,
        after=today.isoformat(),
    )
    return after


async def void(
    tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID, reason: str
) -> Auction:
    """Declare, as the authority, a result void, after a complaint or a finding (作废).

    Prices that were offered and not used are taken back.

    :raises NotPermitted: if the actor is not the authority's.
    :raises AuctionMissing: if there is none.
    :raises VoidReasonMissing: if nothing says why.
    :raises AuctionEventNotAllowed: if bids are not closed, or contracts are signed.
    """
    actor.require("auction:void")
    before = await casework.lock(tx, auction_id)
    if not reason.strip():
        raise VoidReasonMissing
    return await void_result(tx, before, actor=actor, now=now, reason=reason)


async def void_result(
    tx: Tx, before: Auction, *, actor: Actor, now: dt.datetime, reason: str
) -> Auction:
    """Void the result of an auction that the caller holds locked; a part of another command.

    :raises AuctionEventNotAllowed: if bids are not closed, or contracts are signed.
    """
    after = await casework.move(tx, before, Event.VOID, now=now, reason=reason)
    await timers.cancel_all(
        tx, now=now, subject_kind=casework.SUBJECT, subject_id=after.id, note="voided"
    )
    for each in await store.list_awards(tx, after.id):
        await timers.cancel_all(
            tx, now=now, subject_kind=casework.AWARD, subject_id=each.id, note="voided"
        )
        await special_prices.annul(tx, actor=actor, now=now, special_price_id=each.special_price_id)
    await casework.remember(tx, Happened.AUCTION_VOIDED, after, actor=actor, now=now, reason=reason)
    await casework.tell_bidders(tx, after, Topic.AUCTION_ENDED, now=now, reason=reason)
    await casework.tell(
        tx, after, Topic.AUCTION_ENDED, to=[after.supplier_party_id], now=now, reason=reason
    )
    return after


async def _nobody_left(
    tx: Tx, decided: Auction, awards: Sequence[Award], *, actor: Actor, now: dt.datetime
) -> Auction:
    """Go on with the other winners, of whom there may be some; else nobody has won."""
    if all(each.defaulted_at is not None for each in awards):
        return await opening.fail(tx, decided, actor=actor, now=now, reason="winners_defaulted")
    others = await casework.move(tx, decided, Event.AWARD, now=now)
    if awarding.is_settled(awards):
        others = await casework.move(tx, others, Event.CONTRACT, now=now)
    return others


async def _start_ordering(tx: Tx, given: Award, *, now: dt.datetime, calendar: Calendar) -> None:
    async with beyond_own_rows(tx):  # the winner's days, begun by the supplier
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=ORDERING,
            subject_kind=casework.AWARD,
            subject_id=given.id,
            against="buyer",
            rulebook=casework.RULEBOOK,
            period=announcing.ORDERED_WITHIN,
            started_on=local_date(now),
            party_id=given.party_id,
        )


async def _meet(
    tx: Tx, kind: str, subject_kind: str, subject_id: uuid.UUID, *, now: dt.datetime
) -> None:
    async with beyond_own_rows(tx):
        await timers.meet(tx, now=now, kind=kind, subject_kind=subject_kind, subject_id=subject_id)
