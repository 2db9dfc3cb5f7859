"""Set prices, freeze the fee of an application, and record what became of it (HN-04).

The money itself does not move here: the operator collects it and records the receipt.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.delegations import operations as delegations
from catalog.fees import schedule, store
from catalog.fees.model import Fee
from catalog.fees.schedule import ApplicationKind, FeeReasonMissing, FeeUnpaid, Price
from catalog.fees.states import Event as Happening
from catalog.fees.states import State, advance
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date


class FeeReceiptMissing(Invalid):
    """A payment or a refund counts with its receipt (缴费凭据)."""

    code = "fee_receipt_missing"


async def set_price(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_kind: ApplicationKind,
    amount_fen: int,
    effective_on: dt.date,
    ends_on: dt.date | None,
    legal_basis: str,
    reason: str,
) -> Price:
    """Set what a kind of application costs from a coming day on; it ends the one that stands.

    :raises NotPermitted: if the actor may set no prices.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises FeeReasonMissing: and the other refusals of ``schedule.check_new``.
    :raises FeeIntervalOverlaps: if another price stands for some of the days.
    """
    actor.require("fee:set")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    await store.take_turns(tx, application_kind)
    price = Price(
        id=new_id(),
        application_kind=application_kind,
        amount_fen=amount_fen,
        effective_on=effective_on,
        ends_on=ends_on,
        legal_basis=legal_basis,
        reason=reason,
        set_by=actor.account_id,
        set_at=now,
    )
    schedule.check_new(price, today=local_date(now))
    replaced = schedule.ended_by(price, await store.list_prices(tx))
    if replaced is not None:
        await store.end_price(tx, msgspec.structs.replace(replaced, ends_on=effective_on))
    await store.insert_price(tx, price)
    await audit_log.append(
        tx,
        Event.FEE_PRICE_SET,
        actor=actor,
        now=now,
        subjects=[Subject("fee_price", str(price.id))],
        before=None if replaced is None else msgspec.to_builtins(replaced),
        after=msgspec.to_builtins(price),
        reason=reason,
        rules=("HN-04",),
    )
    return price


async def freeze(
    tx: Tx,
    *,
    now: dt.datetime,
    application_kind: ApplicationKind,
    subject_id: uuid.UUID,
    party_id: PartyId,
) -> Fee:
    """Write what an application costs, as it is handed in or done; the first time counts.

    Part of the command that hands it in, which asked for the permission and remembers.
    """
    frozen = await store.lock_of_subject(tx, application_kind, subject_id)
    if frozen is not None:
        return frozen
    price = schedule.in_force(await store.list_prices(tx), application_kind, local_date(now))
    amount_fen = 0 if price is None else price.amount_fen
    fee = Fee(
        id=new_id(),
        application_kind=application_kind,
        subject_id=subject_id,
        party_id=party_id,
        price_id=None if price is None else price.id,
        amount_fen=amount_fen,
        state=State.DUE if amount_fen else advance(State.DUE, Happening.COST_NOTHING),
        frozen_at=now,
        receipt=None,
        reason=None,
        settled_by=None,
        settled_at=None,
    )
    await store.insert_fee(tx, fee)
    return fee


async def require_settled(
    tx: Tx, *, application_kind: ApplicationKind, subject_id: uuid.UUID, stops_acceptance: bool
) -> None:
    """Return if an unpaid fee does not stand in the way of accepting the application.

    :raises FeeUnpaid: if it is due and the rulebook lets that stop the acceptance [P].
    """
    fee = await store.lock_of_subject(tx, application_kind, subject_id)
    if fee is not None and fee.state is State.DUE and stops_acceptance:
        raise FeeUnpaid(fee_id=str(fee.id), amount_fen=fee.amount_fen)


async def drop(
    tx: Tx, *, now: dt.datetime, application_kind: ApplicationKind, subject_id: uuid.UUID
) -> None:
    """Ask for the fee no more, because the application ended before it was accepted or paid.

    Part of the command that ends it. What was paid stays paid until the operator refunds it.
    """
    fee = await store.lock_of_subject(tx, application_kind, subject_id)
    if fee is not None and fee.state is State.DUE:
        dropped = advance(fee.state, Happening.DROP)
        await store.update_fee(tx, msgspec.structs.replace(fee, state=dropped, settled_at=now))


async def record_payment(
    tx: Tx, *, actor: Actor, now: dt.datetime, fee_id: uuid.UUID, receipt: str
) -> Fee:
    """Record that a fee was paid, with the receipt (缴费登记).

    :raises NotPermitted: if the actor may record no payments.
    :raises Missing: if there is no such fee.
    :raises FeeReceiptMissing: if there is no receipt.
    :raises FeeEventNotAllowed: if it is not due.
    """
    return await _settle(
        tx,
        Happening.PAY,
        actor=actor,
        now=now,
        fee_id=fee_id,
        receipt=receipt,
        reason=None,
    )


async def refund(
    tx: Tx, *, actor: Actor, now: dt.datetime, fee_id: uuid.UUID, receipt: str, reason: str
) -> Fee:
    """Record that a fee was given back, with the receipt and why (退费).

    :raises NotPermitted: if the actor may record no payments.
    :raises Missing: if there is no such fee.
    :raises FeeReceiptMissing: if there is no receipt.
    :raises FeeReasonMissing: if it is not said why.
    :raises FeeEventNotAllowed: if it was not paid.
    """
    return await _settle(
        tx,
        Happening.REFUND,
        actor=actor,
        now=now,
        fee_id=fee_id,
        receipt=receipt,
        reason=reason,
    )


async def waive(tx: Tx, *, actor: Actor, now: dt.datetime, fee_id: uuid.UUID, reason: str) -> Fee:
    """Let a fee off, and say why (减免).

    :raises NotPermitted: if the actor may let none off.
    :raises Missing: if there is no such fee.
    :raises FeeReasonMissing: if it is not said why.
    :raises FeeEventNotAllowed: if it is not due.
    """
    return await _settle(
        tx, Happening.WAIVE, actor=actor, now=now, fee_id=fee_id, receipt=None, reason=reason
    )


_REMEMBERED = {
    Happening.PAY: Event.FEE_PAID,
    Happening.WAIVE: Event.FEE_WAIVED,
    Happening.REFUND: Event.FEE_REFUNDED,
}


async def _settle(
    tx: Tx,
    event: Happening,
    *,
    actor: Actor,
    now: dt.datetime,
    fee_id: uuid.UUID,
    receipt: str | None,
    reason: str | None,
) -> Fee:
    actor.require("fee:record")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    fee = await store.lock_fee(tx, fee_id)
    if fee is None:
        raise Missing
    if receipt is not None and not receipt.strip():
        raise FeeReceiptMissing
    if reason is not None and not reason.strip():
        raise FeeReasonMissing
    settled = msgspec.structs.replace(
        fee,
        state=advance(fee.state, event),
        receipt=receipt if receipt is not None else fee.receipt,
        reason=reason,
        settled_by=actor.account_id,
        settled_at=now,
    )
    await store.update_fee(tx, settled)
    await audit_log.append(
        tx,
        _REMEMBERED[event],
        actor=actor,
        now=now,
        subjects=[Subject("fee", str(fee.id))],
        facts={"amount_fen": fee.amount_fen, "receipt": receipt, "subject_id": fee.subject_id},
        before={"state": fee.state.value},
        after={"state": settled.state.value},
        reason=reason,
        rules=("HN-04",),
    )
    return settled
