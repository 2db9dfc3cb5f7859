"""Ask for a deposit, take it in, give it back, forfeit it, and follow its charge-backs (竞买保证金).

Whoever calls has decided that it may be so. Rows are locked in the order escrow, deposit, hold; the escrow
is that of the deposit's own id.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from settlement.deposits import store
from settlement.deposits.model import RECEIVING, Deposit, Ground
from settlement.deposits.queries import DepositMissing
from settlement.deposits.states import Event, State, advance, arriving
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import funding, refunding, releasing
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.ledger.accounts import BOOK, Account, Book, escrow_of
from settlement.money import fen
from settlement.payments import operations as payments
from settlement.payments.model import Payment

_WHAT: Final = {
    Event.PAY: Happened.DEPOSIT_PAID,
    Event.PAY_LATE: Happened.DEPOSIT_RETURNED,
    Event.LAPSE: Happened.DEPOSIT_LAPSED,
    Event.RETURN: Happened.DEPOSIT_RETURNED,
    Event.FORFEIT: Happened.DEPOSIT_FORFEITED,
    Event.CHARGE_BACK: Happened.DEPOSIT_CHARGED_BACK,
    Event.WIN: Happened.DEPOSIT_RESTORED,
    Event.LOSE: Happened.DEPOSIT_LOST,
}


class DepositPaidBefore(Refused):
    """The deposit is paid, or its channel takes it back just now."""

    code = "deposit_paid_before"


class DepositTooLate(Refused):
    """The time in which the deposit was to be paid is over."""

    code = "deposit_too_late"


class DepositNotDue(Refused):
    """The deposit can still be paid."""

    code = "deposit_not_due"


async def start(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    secures: uuid.UUID,
    amount_fen: int,
    pay_until: dt.datetime,
    channel: str,
    lifetime: dt.timedelta,
    book: Book = BOOK,
) -> tuple[Deposit, Payment]:
    """Ask the actor's party for a deposit and start to collect it (缴纳保证金).

    While one is asked for and not paid, this gives that one and its open payment; no payment of it can be
    made once its time is over.

    :raises NotPermitted: if the actor pays nothing.
    :raises DepositTooLate: if its time is over.
    :raises DepositPaidBefore: if it is paid (and what ``payments.start`` raises).
    """
    if now >= pay_until:
        raise DepositTooLate(until=pay_until.isoformat())
    deposit = await store.find_standing(tx, secures=secures, payer=actor.party)
    if deposit is not None and deposit.state is not State.AWAITING:
        raise DepositPaidBefore(state=str(deposit.state))
    if deposit is None:
        deposit = Deposit(
            id=new_id(),
            secures=secures,
            payer_party_id=actor.party,
            amount_fen=fen(amount_fen),
            book=book,
            pay_until=pay_until,
            state=State.AWAITING,
            opened_at=now,
        )
        await store.insert(tx, deposit)
        await _remember(tx, Happened.DEPOSIT_OPENED, deposit, actor=actor, now=now)
    payment = await payments.start(
        tx,
        actor=actor,
        now=now,
        order_id=deposit.id,
        payer_party_id=deposit.payer_party_id,
        amount_fen=deposit.amount_fen,
        channel=channel,
        lifetime=min(lifetime, pay_until - now),
        book=deposit.book,
    )
    return deposit, payment


async def receive(tx: Tx, *, actor: Actor, now: dt.datetime, deposit_id: uuid.UUID) -> Deposit:
    """Hold what arrived; what arrived after its time goes back at once (保证金到账).

    :raises DepositMissing: if there is none.
    :raises EventNotAllowed: if it was paid before.
    """
    deposit = await lock(tx, deposit_id)
    event = arriving(deposit.state, is_late=now >= deposit.pay_until)
    advance(deposit.state, event)
    if event is Event.PAY_LATE:
        refund = await refunding.refund(tx, actor=actor, now=now, order_id=deposit_id)
        return await _end(
            tx, deposit, event, actor=actor, now=now, ground=Ground.PAID_LATE, by=refund.journal_key
        )
    key = await _hold(tx, deposit, actor=actor, now=now)
    return await _move(tx, deposit, event, actor=actor, now=now, held_at=now, hold_key=key)


async def lapse(tx: Tx, *, actor: Actor, now: dt.datetime, deposit_id: uuid.UUID) -> Deposit:
    """Say that a deposit was not paid in time (逾期未缴纳).

    :raises NotPermitted: if the actor ends no deposits.
    :raises DepositMissing: if there is none.
    :raises EventNotAllowed: if it was paid, or has ended.
    :raises DepositNotDue: if its time is not over.
    """
    actor.require("deposit:end")
    deposit = await lock(tx, deposit_id)
    advance(deposit.state, Event.LAPSE)
    if now < deposit.pay_until:
        raise DepositNotDue(until=deposit.pay_until.isoformat())
    await funding.expire(tx, actor=actor, now=now, order_id=deposit_id)
    return await _move(tx, deposit, Event.LAPSE, actor=actor, now=now, ended_at=now)


async def give_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, deposit_id: uuid.UUID, ground: Ground
) -> Deposit:
    """Free a deposit and owe it back to who paid it (退还保证金); the job of refunds sends it.

    :raises DepositMissing: if there is none.
    :raises EventNotAllowed: if it is not held.
    """
    deposit = await lock(tx, deposit_id)
    advance(deposit.state, Event.RETURN)
    assert deposit.hold_key is not None, "what is held has its hold"
    await holds.release(tx, actor=actor, now=now, key=deposit.hold_key)
    refund = await refunding.refund(tx, actor=actor, now=now, order_id=deposit_id)
    return await _end(
        tx, deposit, Event.RETURN, actor=actor, now=now, ground=ground, by=refund.journal_key
    )


async def forfeit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    deposit_id: uuid.UUID,
    ground: Ground,
    to: Account,
) -> Deposit:
    """Capture a deposit for an account of the seller's or the treasury's (不予退还).

    :raises NotPermitted: if the actor ends no deposits.
    :raises DepositMissing: if there is none.
    :raises EventNotAllowed: if it is not held.
    """
    actor.require("deposit:end")
    assert to.purpose in RECEIVING, "who else would be given a bidder's money"
    deposit = await lock(tx, deposit_id)
    advance(deposit.state, Event.FORFEIT)
    assert deposit.hold_key is not None, "what is held has its hold"
    key = await releasing.forfeit(
        tx, actor=actor, now=now, order_id=deposit_id, hold_key=deposit.hold_key, to=to
    )
    return await _end(
        tx,
        deposit,
        Event.FORFEIT,
        actor=actor,
        now=now,
        ground=ground,
        by=key,
        received_by=to.code,
    )


async def charge_back(tx: Tx, *, actor: Actor, now: dt.datetime, deposit_id: uuid.UUID) -> None:
    """Free the hold of a deposit that its channel takes back, before it is set aside (拒付先行解冻).

    What is no deposit, or none that is held, is left alone.
    """
    deposit = await store.lock(tx, deposit_id)
    if deposit is not None and deposit.state is State.HELD:
        assert deposit.hold_key is not None, "what is held has its hold"
        await holds.release(tx, actor=actor, now=now, key=deposit.hold_key)
        await _move(tx, deposit, Event.CHARGE_BACK, actor=actor, now=now)


async def end_chargeback(
    tx: Tx, *, actor: Actor, now: dt.datetime, deposit_id: uuid.UUID, is_won: bool, by: uuid.UUID
) -> None:
    """Hold a deposit again whose charge-back was won; end one that was lost (拒付了结).

    What was charged back in part and lost secures nothing any more: its rest goes back. What is no
    deposit is left alone. ``by`` is the entry that ended the case.
    """
    deposit = await store.lock(tx, deposit_id)
    if deposit is None:
        return
    if is_won:
        key = await _hold(tx, deposit, actor=actor, now=now)
        await _move(tx, deposit, Event.WIN, actor=actor, now=now, hold_key=key)
        return
    if (await escrow.lock(tx, deposit_id)).left_fen:
        await refunding.refund(tx, actor=actor, now=now, order_id=deposit_id)
    await _move(tx, deposit, Event.LOSE, actor=actor, now=now, ended_at=now, ending_key=by)


async def lock(tx: Tx, deposit_id: uuid.UUID) -> Deposit:
    """Return a deposit, locked with its escrow until the transaction ends.

    :raises DepositMissing: if there is none.
    """
    if await store.find(tx, deposit_id) is None:
        raise DepositMissing
    await escrow.lock(tx, deposit_id)
    found = await store.lock(tx, deposit_id)
    assert found is not None, "deposits are never removed"
    return found


async def _hold(tx: Tx, deposit: Deposit, *, actor: Actor, now: dt.datetime) -> uuid.UUID:
    key = new_id()
    await holds.place(
        tx,
        actor=actor,
        now=now,
        key=key,
        account=escrow_of(deposit.id),
        amount_fen=deposit.amount_fen,
        reason=Reason.DEPOSIT,
        order_id=deposit.id,
        book=deposit.book,
    )
    return key


async def _end(
    tx: Tx,
    deposit: Deposit,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    ground: Ground,
    by: uuid.UUID,
    received_by: str | None = None,
) -> Deposit:
    return await _move(
        tx,
        deposit,
        event,
        actor=actor,
        now=now,
        ended_at=now,
        ground=ground,
        ending_key=by,
        received_by=received_by,
    )


async def _move(
    tx: Tx, deposit: Deposit, event: Event, *, actor: Actor, now: dt.datetime, **changes: Any
) -> Deposit:
    after = msgspec.structs.replace(deposit, state=advance(deposit.state, event), **changes)
    await store.update(tx, after)
    await _remember(tx, _WHAT[event], after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx, what: Happened, deposit: Deposit, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        what,
        actor=actor,
        now=now,
        subjects=[Subject("deposit", str(deposit.id))],
        facts={
            "amount_fen": deposit.amount_fen,
            "secures": str(deposit.secures),
            "ground": None if deposit.ground is None else str(deposit.ground),
        },
    )
