"""Open charge-backs as channels tell them, contest them, and end them (拒付).

Rows are locked in the order event, escrow of the order, payment, case, guarded accounts.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.chargebacks import store
from settlement.chargebacks.judging import CONTESTED_WITHIN, Facts, Judgement, from_escrow, judge
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.queries import ChargebackMissing
from settlement.chargebacks.states import STANDING, Event, State, advance
from settlement.deposits import operations as deposits
from settlement.escrow.model import Escrow
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import freezing
from settlement.escrow.states import State as EscrowState
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import chargeback_of, clearing_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Fen
from settlement.payments import callback as callbacks
from settlement.payments import operations as payments
from settlement.payments.callback import Effect
from settlement.payments.channel import ChannelEvent
from settlement.payments.model import Payment, Recorded
from settlement.payments.states import State as PaymentState
from settlement.returns import operations as returns

Evidence = Annotated[str, Meta(min_length=1, max_length=4_000, pattern=r"\S")]
Note = Annotated[str, Meta(min_length=1, max_length=1_000, pattern=r"\S")]

RULE_VERSION: Final = "chargebacks/1"
_IN_ESCROW: Final = frozenset({EscrowState.HELD, EscrowState.DISPUTED, EscrowState.CHARGED_BACK})
_WHAT: Final = {
    Event.CONTEST: Happened.CHARGEBACK_CONTESTED,
    Event.LAPSE: Happened.CHARGEBACK_LAPSED,
    Event.ACCEPT: Happened.CHARGEBACK_ACCEPTED,
    Event.WIN: Happened.CHARGEBACK_WON,
    Event.LOSE: Happened.CHARGEBACK_LOST,
}


class ContestedTooLate(Refused):
    """The days in which a charge-back is contested are over."""

    code = "chargeback_contested_too_late"


class NotLapsed(Refused):
    """The charge-back can still be contested."""

    code = "chargeback_not_lapsed"


class OutcomeBySamePerson(Forbidden):
    """Whoever contested a charge-back does not record what came of it (不相容岗位分离)."""

    code = "chargeback_second_person_needed"


async def hear(
    tx: Tx, *, now: dt.datetime, channel: str, event: ChannelEvent, nonce: str
) -> Recorded:
    """Record what a channel tells of a charge-back, once, however often it is delivered (拒付通知).

    What does not fit is kept as a break and moves no money; the door refuses it afterwards.

    :raises NonceReused: if the nonce was used for another event.
    :raises EventReused: if the event id was used for something else.
    """
    payment, again = await payments.admit(tx, now=now, channel=channel, event=event, nonce=nonce)
    if again is not None:
        return again
    facts = None if payment is None else await _facts(tx, payment, event)
    judged = judge(facts, event)
    effect = Effect.IGNORED
    if judged.found is not None:
        effect = Effect.BREAK
    elif judged.opens or judged.event is not None:
        effect = Effect.APPLIED
    kept = callbacks.Judgement(effect, found=judged.found)
    await payments.keep(tx, now=now, channel=channel, event=event, payment=payment, judgement=kept)
    if payment is not None:
        case = None if facts is None else facts.case
        await _apply(tx, payment, case, judged, now=now, told=event)
    return Recorded(
        payment=payment, effect=effect, found=judged.found, is_new=False, is_replay=False
    )


async def contest(
    tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID, evidence: str
) -> Chargeback:
    """Note with what evidence the channel is told that the money is ours (申诉).

    :raises NotPermitted: if the actor contests none.
    :raises ChargebackMissing: if there is none.
    :raises EventNotAllowed: if it was contested, or is over.
    :raises ContestedTooLate: if its window is over.
    """
    actor.require("chargeback:contest")
    case = await _lock(tx, chargeback_id)
    advance(case.state, Event.CONTEST)
    if now >= case.contest_until:
        raise ContestedTooLate(until=case.contest_until.isoformat())
    return await _move(
        tx,
        case,
        Event.CONTEST,
        actor=actor,
        now=now,
        evidence=evidence,
        contested_at=now,
        contested_by=actor.account_id,
    )


async def lapse(tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID) -> Chargeback:
    """Let a charge-back be lost that nobody contested in time (逾期未申诉).

    :raises NotPermitted: if the actor ends none.
    :raises ChargebackMissing: if there is none.
    :raises EventNotAllowed: if it was contested, is over, or its window is not.
    """
    actor.require("chargeback:lapse")
    case = await _lock(tx, chargeback_id)
    advance(case.state, Event.LAPSE)
    if now < case.contest_until:
        raise NotLapsed(until=case.contest_until.isoformat())
    return await _end(tx, case, Event.LAPSE, actor=actor, now=now)


async def accept(
    tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID, note: str
) -> Chargeback:
    """Accept a charge-back instead of contesting it, and say why (接受拒付): the money goes to the channel.

    :raises NotPermitted: if the actor accepts none.
    :raises ChargebackMissing: if there is none.
    :raises EventNotAllowed: if it was contested, or is over.
    """
    actor.require("chargeback:accept")
    case = await _lock(tx, chargeback_id)
    advance(case.state, Event.ACCEPT)
    return await _end(tx, case, Event.ACCEPT, actor=actor, now=now, note=note)


async def record_outcome(
    tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID, is_won: bool, note: str
) -> Chargeback:
    """Record how the channel decided, from its written notice (登记裁定结果), where it calls nobody back.

    What the channel states of the day shows it again in the reconciliation; told otherwise by its own
    callback later, it is kept as a break.

    :raises NotPermitted: if the actor records none.
    :raises ChargebackMissing: if there is none.
    :raises EventNotAllowed: if it is over.
    :raises OutcomeBySamePerson: if the actor contested it.
    """
    actor.require("chargeback:decide")
    case = await _lock(tx, chargeback_id)
    event = Event.WIN if is_won else Event.LOSE
    advance(case.state, event)
    if case.contested_by is not None and case.contested_by == actor.account_id:
        raise OutcomeBySamePerson
    return await _end(tx, case, event, actor=actor, now=now, note=note)


async def _facts(tx: Tx, payment: Payment, event: ChannelEvent) -> Facts:
    cases = await store.lock_of_payment(tx, payment.id)
    number = event.channel_transaction_id
    case = next((each for each in cases if each.case_number == number), None)
    held = await escrow.lock(tx, payment.order_id)
    takeable = await _in_escrow(tx, held, None) + await returns.takeable_fen(tx, held)
    return Facts(
        is_paid=payment.state is PaymentState.SUCCEEDED,
        takeable_fen=takeable,
        case=case,
        has_other_standing=any(each.state in STANDING for each in cases if each is not case),
    )


async def _apply(
    tx: Tx,
    payment: Payment,
    case: Chargeback | None,
    judged: Judgement,
    *,
    now: dt.datetime,
    told: ChannelEvent,
) -> None:
    actor = system(f"channel:{payment.channel}")
    if judged.opens:
        await _open(tx, payment, actor=actor, now=now, told=told)
    elif judged.event is not None:
        assert case is not None, "only what is there ends"
        await _end(tx, case, judged.event, actor=actor, now=now)


async def _open(
    tx: Tx, payment: Payment, *, actor: Actor, now: dt.datetime, told: ChannelEvent
) -> None:
    held = await escrow.lock(tx, payment.order_id)
    kept = from_escrow(told.amount_fen, await _in_escrow(tx, held, None))
    case = Chargeback(
        id=new_id(),
        channel=payment.channel,
        case_number=told.channel_transaction_id,
        payment_id=payment.id,
        order_id=payment.order_id,
        amount_fen=Fen(told.amount_fen),
        was_shared=kept < told.amount_fen,
        escrow_fen=kept,
        state=State.OPENED,
        opened_at=now,
        contest_until=now + CONTESTED_WITHIN,
    )
    await store.insert(tx, case)
    if kept:
        await deposits.charge_back(tx, actor=actor, now=now, deposit_id=case.order_id)
        await freezing.charge_back(
            tx, actor=actor, now=now, order_id=case.order_id, amount_fen=kept
        )
    if case.was_shared:
        await returns.charge_back(
            tx,
            actor=actor,
            now=now,
            order_id=case.order_id,
            key=case.id,
            amount_fen=case.amount_fen - kept,
        )
    await _remember(tx, Happened.CHARGEBACK_OPENED, case, actor=actor, now=now)


async def _in_escrow(tx: Tx, held: Escrow, but: uuid.UUID | None) -> int:
    """Return how much of an escrow is not set aside for a case, except ``but``."""
    if held.state not in _IN_ESCROW:
        return 0
    return held.left_fen - await store.sum_aside(tx, held.order_id, but=but)


async def _end(
    tx: Tx,
    case: Chargeback,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    note: str | None = None,
) -> Chargeback:
    is_won, key = event is Event.WIN, None
    if case.escrow_fen:
        key = await freezing.end_chargeback(
            tx,
            actor=actor,
            now=now,
            order_id=case.order_id,
            amount_fen=case.escrow_fen,
            lost_to=None if is_won else case.channel,
            aside_fen=await store.sum_aside(tx, case.order_id, but=case.id),
        )
        await deposits.end_chargeback(
            tx, actor=actor, now=now, deposit_id=case.order_id, is_won=is_won, by=key
        )
    if case.was_shared:
        end = _give_back if is_won else _lose
        key = await end(tx, case, actor=actor, now=now)
    assert key is not None, "what is charged back came from somewhere"
    told = {} if note is None else {"ended_by": actor.account_id, "ending_note": note}
    return await _move(tx, case, event, actor=actor, now=now, ended_at=now, ending_key=key, **told)


async def _give_back(tx: Tx, case: Chargeback, *, actor: Actor, now: dt.datetime) -> uuid.UUID:
    return await returns.restore(tx, actor=actor, now=now, order_id=case.order_id, key=case.id)


async def _lose(tx: Tx, case: Chargeback, *, actor: Actor, now: dt.datetime) -> uuid.UUID:
    held = await escrow.lock(tx, case.order_id)
    entry = Entry(
        key=new_id(),
        kind=Kind.CHARGEBACK_LOST,
        legs=transfer(
            chargeback_of(case.order_id),
            [Leg(clearing_of(case.channel), case.amount_fen - case.escrow_fen)],
        ),
        booked_at=now,
        value_on=local_date(now),
        rule_version=RULE_VERSION,
        order_id=case.order_id,
        book=held.book,
    )
    await ledger.post(tx, actor=actor, now=now, entry=entry)
    return entry.key


async def _lock(tx: Tx, chargeback_id: uuid.UUID) -> Chargeback:
    found = await store.find(tx, chargeback_id)
    if found is None:
        raise ChargebackMissing
    await escrow.lock(tx, found.order_id)  # before the case, as everywhere
    case = await store.lock(tx, chargeback_id)
    assert case is not None, "cases are never removed"
    return case


async def _move(
    tx: Tx, case: Chargeback, event: Event, *, actor: Actor, now: dt.datetime, **changes: Any
) -> Chargeback:
    after = msgspec.structs.replace(case, state=advance(case.state, event), **changes)
    await store.update(tx, after)
    await _remember(tx, _WHAT[event], after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx, what: Happened, case: Chargeback, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[
            Subject("chargeback", str(case.id)),
            Subject("payment", str(case.payment_id)),
            Subject("order", str(case.order_id)),
        ],
        facts={"amount_fen": case.amount_fen, "case_number": case.case_number},
        reason=case.ending_note,
    )
