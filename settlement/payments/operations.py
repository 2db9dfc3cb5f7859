"""Start payments and record what channels tell of them, each thing once (收款)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import funding
from settlement.escrow.states import State as EscrowState
from settlement.ledger.accounts import BOOK, Book
from settlement.money import CURRENCY, fen
from settlement.payments import asking, queries, states, store
from settlement.payments.callback import (
    Due,
    Effect,
    EventReused,
    Judgement,
    NonceReused,
    judge,
)
from settlement.payments.channel import ChannelEvent, Standing
from settlement.payments.model import ChannelBreak, Payment, Recorded
from settlement.payments.states import OPEN, State, advance
from settlement.taxes.model import Tax

# Ours: long enough to fetch a phone or a second signature of the finance department, short enough
# that a forgotten payment does not block another channel.
LIFETIME: Final = dt.timedelta(hours=2)
SANDBOX: Final = "sandbox"
_ANSWERED: Final = {State.EXPIRED: Event.PAYMENT_EXPIRED, State.UNKNOWN: Event.PAYMENT_DOUBTED}


class AlreadyPaid(Refused):
    """The order was paid before."""

    code = "order_already_paid"


class OutcomeUnknown(Refused):
    """Nobody knows yet whether the payment before this one brought the money."""

    code = "payment_outcome_unknown"


async def start(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer_party_id: uuid.UUID,
    amount_fen: int,
    payee_party_id: uuid.UUID | None = None,
    channel: str = SANDBOX,
    lifetime: dt.timedelta = LIFETIME,
    book: Book = BOOK,
    tax: Tax | None = None,
) -> Payment:
    """Start to collect what an order costs, opening its escrow if need be.

    While a payment is open, starting another gives the open one: two buttons pressed at once
    collect once. ``payee_party_id`` is the other side of the order, which sees the money and may
    give it back. One that ran out, or goes through another channel, is expired first; one whose
    outcome is unknown is waited for, or the buyer would pay twice.

    :raises NotPermitted: if the actor may not pay orders.
    :raises OtherTerms: if the order is to be paid by another, with another amount or tax, or into
        another book.
    :raises AlreadyPaid: if the money is there.
    :raises OutcomeUnknown: if it may be there.
    """
    actor.require("order:pay")
    due = await funding.open(  # which holds it, new or not
        tx,
        actor=actor,
        now=now,
        order_id=order_id,
        payer_party_id=payer_party_id,
        amount_fen=amount_fen,
        payee_party_id=payee_party_id,
        book=book,
        tax=tax,
    )
    if due.state is not EscrowState.AWAITING_PAYMENT:
        raise AlreadyPaid(order_id=str(order_id), state=str(due.state))
    live = await store.find_live(tx, order_id)
    if live is not None:
        if live.channel == channel and now < live.expires_at:
            return live
        if live.state is State.UNKNOWN:
            raise OutcomeUnknown(order_id=str(order_id), reference=live.reference)
        await store.set_state(tx, live.id, advance(live.state, states.Event.EXPIRE))
    payment = _payment(
        now=now,
        order_id=order_id,
        payer=payer_party_id,
        amount_fen=due.amount_fen,
        channel=channel,
        lifetime=lifetime,
    )
    await store.insert(tx, payment)
    await _remember(tx, Event.PAYMENT_STARTED, actor, now, payment)
    return payment


async def start_top_up(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer_party_id: uuid.UUID,
    amount_fen: int,
    channel: str = SANDBOX,
    lifetime: dt.timedelta = LIFETIME,
) -> Payment:
    """Start to collect more for an order that pays as it uses (补款).

    While one is open, starting another with the same amount gives the open one; another amount or
    channel takes its place, unless its outcome is unknown.

    :raises NotPermitted: if the actor may not pay orders.
    :raises EscrowMissing: if nothing was ever paid for the order.
    :raises OutcomeUnknown: if the money of the one before may be there.
    """
    actor.require("order:pay")
    await escrow.lock(tx, order_id)
    open_one = await store.find_open_top_up(tx, order_id)
    if open_one is not None:
        is_same = (open_one.channel, open_one.amount_fen) == (channel, amount_fen)
        if is_same and now < open_one.expires_at:
            return open_one
        if open_one.state is State.UNKNOWN:
            raise OutcomeUnknown(order_id=str(order_id), reference=open_one.reference)
        await store.set_state(tx, open_one.id, advance(open_one.state, states.Event.EXPIRE))
    payment = _payment(
        now=now,
        order_id=order_id,
        payer=payer_party_id,
        amount_fen=fen(amount_fen),
        channel=channel,
        lifetime=lifetime,
        is_top_up=True,
    )
    await store.insert(tx, payment)
    await _remember(tx, Event.PAYMENT_STARTED, actor, now, payment)
    return payment


async def submit(tx: Tx, *, payment: Payment, channel_reference: str) -> Payment:
    """Set that the channel has taken the payment on, under its own reference (提交渠道).

    A payment that was submitted before stays as it is.
    """
    found = await store.lock(tx, payment.id)
    assert found is not None, "payments are never removed"
    if found.state is not State.CREATED:
        return found
    state = advance(found.state, states.Event.SUBMIT)
    await store.set_state(tx, found.id, state, channel_reference=channel_reference)
    return msgspec.structs.replace(found, state=state, channel_reference=channel_reference)


async def record_callback(
    tx: Tx, *, now: dt.datetime, channel: str, event: ChannelEvent, nonce: str
) -> Recorded:
    """Record what a channel told, once, whatever the order and number of its deliveries.

    A callback that does not fit is kept as a break and moves no money; the door refuses it after
    the break is committed.

    :raises NonceReused: if the nonce was used for another event.
    :raises EventReused: if the event id was used for something else.
    """
    payment, again = await admit(tx, now=now, channel=channel, event=event, nonce=nonce)
    if again is not None:
        return again
    judgement = judge(await _due(tx, payment), event)
    await keep(tx, now=now, channel=channel, event=event, payment=payment, judgement=judgement)
    actor = system(f"channel:{channel}")
    if judgement.event is not None and payment is not None:
        payment = await _apply(tx, payment, judgement.event, actor=actor, now=now, told=event)
    return Recorded(
        payment=payment,
        effect=judgement.effect,
        found=judgement.found,
        is_new=judgement.event is states.Event.SUCCEED,
        is_replay=False,
    )


async def admit(
    tx: Tx, *, now: dt.datetime, channel: str, event: ChannelEvent, nonce: str
) -> tuple[Payment | None, Recorded | None]:
    """Return, locked, the payment that an event is about, and what became of it if it came before.

    :raises NonceReused: if the nonce was used for another event.
    :raises EventReused: if the event id was used for something else.
    """
    await store.lock_event(tx, channel, event.event_id)
    if not await store.claim_nonce(tx, channel, nonce, event_id=event.event_id, now=now):
        raise NonceReused(channel=channel)
    payment = await _lock_payment(tx, channel, event.reference)
    before = await store.find_event(tx, channel, event.event_id)
    return payment, None if before is None else _replayed(event, *before, payment)


async def keep(
    tx: Tx,
    *,
    now: dt.datetime,
    channel: str,
    event: ChannelEvent,
    payment: Payment | None,
    judgement: Judgement,
) -> None:
    """Keep an event with what became of it; one that does not fit is kept as a break too (差错)."""
    await store.keep_event(
        tx,
        channel=channel,
        event=event,
        judgement=judgement,
        payment_id=None if payment is None else payment.id,
        now=now,
    )
    if judgement.effect is Effect.BREAK:
        actor = system(f"channel:{channel}")
        await _keep_break(tx, payment, event, judgement, actor=actor, now=now, channel=channel)


async def note_answer(
    tx: Tx, *, now: dt.datetime, payment_id: uuid.UUID, standing: Standing | None
) -> Payment:
    """Note what a channel answered of a payment when it told no event; None: it was silent (查询).

    What it did tell is recorded like its callback, by ``record_callback``.
    """
    found = await store.lock(tx, payment_id)
    assert found is not None, "payments are never removed"
    if found.state not in OPEN:
        return found  # the callback was faster
    event = asking.conclude(standing, is_over=now >= found.expires_at)
    state = found.state
    if states.allows(state, event):
        state = advance(state, event)
        what = _ANSWERED.get(state)
        if what is not None:
            await _remember(tx, what, system(f"channel:{found.channel}"), now, found)
    asked = found.asked + 1
    ask_at = asking.ask_next(now, asked)
    await store.set_asked(tx, found.id, state=state, ask_at=ask_at, asked=asked)
    return msgspec.structs.replace(found, state=state, ask_at=ask_at, asked=asked)


def _replayed(
    event: ChannelEvent, earlier: ChannelEvent, judged: Judgement, payment: Payment | None
) -> Recorded:
    if not event.repeats(earlier):
        raise EventReused(event_id=event.event_id)
    return Recorded(
        payment=payment, effect=judged.effect, found=judged.found, is_new=False, is_replay=True
    )


async def _lock_payment(tx: Tx, channel: str, reference: str) -> Payment | None:
    found = await queries.find_by_reference(tx, channel, reference)
    if found is None:
        return None
    # The order's escrow first, as everywhere, so that no two transactions wait for each other.
    await escrow.lock(tx, found.order_id)
    return await store.lock(tx, found.id)


async def _due(tx: Tx, payment: Payment | None) -> Due | None:
    if payment is None:
        return None
    held = await escrow.lock(tx, payment.order_id)
    return Due(
        state=payment.state,
        amount_fen=payment.amount_fen,
        channel_transaction_id=payment.channel_transaction_id,
        is_order_paid=payment.state is State.SUCCEEDED
        if payment.is_top_up
        else held.state not in {EscrowState.AWAITING_PAYMENT, EscrowState.EXPIRED},
    )


async def _apply(
    tx: Tx,
    payment: Payment,
    event: states.Event,
    *,
    actor: Actor,
    now: dt.datetime,
    told: ChannelEvent,
) -> Payment:
    state = advance(payment.state, event)
    if event is states.Event.FAIL:
        await store.set_state(tx, payment.id, state)
        await _remember(tx, Event.PAYMENT_FAILED, actor, now, payment)
        return msgspec.structs.replace(payment, state=state)
    other = await _other(tx, payment)
    if other is not None and other.id != payment.id and other.state in OPEN:
        # The buyer had started again after a failure that was none. One payment is enough.
        await store.set_state(tx, other.id, advance(other.state, states.Event.EXPIRE))
    key = await _take_in(tx, payment, actor=actor, now=now, amount_fen=told.amount_fen)
    await store.succeed(
        tx,
        payment.id,
        state=state,
        at=now,
        transaction_id=told.channel_transaction_id,
        journal_key=key,
    )
    await _remember(tx, Event.PAYMENT_CONFIRMED, actor, now, payment)
    return msgspec.structs.replace(
        payment,
        state=state,
        succeeded_at=now,
        channel_transaction_id=told.channel_transaction_id,
        journal_key=key,
    )


async def _other(tx: Tx, payment: Payment) -> Payment | None:
    if payment.is_top_up:
        return await store.find_open_top_up(tx, payment.order_id)
    return await store.find_live(tx, payment.order_id)


async def _take_in(
    tx: Tx, payment: Payment, *, actor: Actor, now: dt.datetime, amount_fen: int
) -> uuid.UUID | None:
    """Book the money into the order's escrow; return the key of the entry."""
    take = funding.top_up if payment.is_top_up else funding.fund
    booked = await take(
        tx,
        actor=actor,
        now=now,
        order_id=payment.order_id,
        channel=payment.channel,
        amount_fen=amount_fen,
    )
    return booked.funding_key


async def _keep_break(
    tx: Tx,
    payment: Payment | None,
    event: ChannelEvent,
    judgement: Judgement,
    *,
    actor: Actor,
    now: dt.datetime,
    channel: str,
) -> None:
    assert judgement.found is not None, "a break says what it is"
    found = ChannelBreak(
        id=new_id(),
        channel=channel,
        event_id=event.event_id,
        kind=judgement.found,
        expected_fen=None if payment is None else payment.amount_fen,
        told_fen=event.amount_fen,
        payment_id=None if payment is None else payment.id,
        found_at=now,
    )
    await store.keep_break(tx, found)
    subjects = [Subject("payment_break", str(found.id))]
    if payment is not None:
        subjects.append(Subject("order", str(payment.order_id)))
    await audit_log.append(
        tx,
        Event.PAYMENT_BREAK_FOUND,
        actor=actor,
        now=now,
        subjects=subjects,
        facts={"kind": str(found.kind), "told_fen": found.told_fen, "event_id": event.event_id},
    )


def _payment(
    *,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer: uuid.UUID,
    amount_fen: Any,
    channel: str,
    lifetime: dt.timedelta,
    is_top_up: bool = False,
) -> Payment:
    payment_id = new_id()
    return Payment(
        id=payment_id,
        reference=f"P{payment_id.hex}",
        channel=channel,
        order_id=order_id,
        payer_party_id=payer,
        amount_fen=amount_fen,
        currency=CURRENCY,
        state=State.CREATED,
        created_at=now,
        expires_at=now + lifetime,
        channel_reference=None,
        succeeded_at=None,
        channel_transaction_id=None,
        journal_key=None,
        ask_at=now + asking.FIRST,
        is_top_up=is_top_up,
    )


async def _remember(tx: Tx, event: Event, actor: Actor, now: dt.datetime, payment: Payment) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("payment", str(payment.id)), Subject("order", str(payment.order_id))],
        facts={"amount_fen": payment.amount_fen, "channel": payment.channel},
    )
