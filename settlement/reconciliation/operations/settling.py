"""Settle breaks: booked away by one person, settled for good only by two (差错处理)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Invalid, Missing, Refused
from settlement.ledger.accounts import Account, Purpose, clearing_of, refund_owed_to
from settlement.ledger.journal import Kind
from settlement.payments import queries as payments
from settlement.payments.model import Payment
from settlement.reconciliation import states, store
from settlement.reconciliation.differences import Kind as Difference
from settlement.reconciliation.differences import NotThisWay, Way, check_way
from settlement.reconciliation.model import Break
from settlement.reconciliation.operations.booking import Booking, By, move, out_of_clearing, post
from settlement.reconciliation.states import advance

PLATFORM: Final = "platform"  # who bears what nobody else does


class PayerUnknown(Refused):
    """Nobody is known to whom the money could be given back."""

    code = "break_payer_unknown"


class ReasonMissing(Invalid):
    """Whoever proposes how to settle a break says why."""

    code = "break_reason_missing"


class SamePerson(Forbidden):
    """Whoever proposed it does not decide on it."""

    code = "break_second_person_needed"


async def book(tx: Tx, *, actor: Actor, now: dt.datetime, break_id: uuid.UUID) -> Break:
    """Book a difference out of the clearing account into suspense (挂账).

    :raises NotPermitted: if the actor settles no breaks.
    :raises Missing: if there is no such break.
    :raises NotThisWay: if it is of a custodian's balance, which a later day explains.
    :raises EventNotAllowed: if it is not open.
    """
    by = By(actor, now)
    found = await _lock(tx, actor, break_id)
    if found.kind is Difference.BALANCE:  # what is missing stands in a channel's statement
        raise NotThisWay(way="booked", difference_fen=found.difference_fen)
    advance(found.state, states.Event.BOOK)
    key = await out_of_clearing(tx, by, found)
    return await move(
        tx,
        by,
        found,
        event=states.Event.BOOK,
        what=Event.CHANNEL_BREAK_BOOKED,
        booked_key=key,
    )


async def charge(tx: Tx, *, actor: Actor, now: dt.datetime, break_id: uuid.UUID) -> Break:
    """Take a fee as the channel charged it, more than was agreed (确认手续费).

    :raises NotPermitted: if the actor settles no breaks.
    :raises Missing: if there is no such break.
    :raises NotThisWay: if it is no fee, or the channel took less.
    :raises EventNotAllowed: if it is not open.
    """
    by = By(actor, now)
    found = await _lock(tx, actor, break_id)
    if found.kind is not Difference.FEE or found.difference_fen < 0:
        raise NotThisWay(way="charged", difference_fen=found.difference_fen)
    advance(found.state, states.Event.CHARGE)
    key = await post(
        tx,
        by,
        Booking(
            kind=Kind.CHANNEL_FEE_CHARGED,
            source=Account(Purpose.CHANNEL_FEE, found.channel),
            to=clearing_of(found.channel),
            amount_fen=found.difference_fen,
            book=found.book,
        ),
    )
    return await move(
        tx,
        by,
        found,
        event=states.Event.CHARGE,
        what=Event.CHANNEL_BREAK_RESOLVED,
        resolving_key=key,
        resolved_by=actor.account_id,
        resolved_at=now,
    )


async def propose(
    tx: Tx, *, actor: Actor, now: dt.datetime, break_id: uuid.UUID, way: Way, reason: str
) -> Break:
    """Propose how to settle for good what was booked away (提出核销).

    :raises NotPermitted: if the actor settles no breaks.
    :raises Missing: if there is no such break.
    :raises NotThisWay: if it is not settled so.
    :raises PayerUnknown: if it is to be given back to nobody that we know.
    :raises EventNotAllowed: if it was not booked away.
    :raises ReasonMissing: if no reason is given.
    """
    by = By(actor, now)
    found = await _lock(tx, actor, break_id)
    check_way(way, found.difference_fen)
    if not reason.strip():
        raise ReasonMissing
    if way is Way.REFUNDED:
        await _payment(tx, found)
    return await move(
        tx,
        by,
        found,
        event=states.Event.PROPOSE,
        what=Event.CHANNEL_BREAK_PROPOSED,
        way=way,
        reason=reason,
        proposed_by=actor.account_id,
    )


async def decide(
    tx: Tx, *, actor: Actor, now: dt.datetime, break_id: uuid.UUID, approves: bool
) -> Break:
    """Approve what somebody else proposed, which moves the money, or send it back (复核).

    :raises NotPermitted: if the actor settles no breaks.
    :raises Missing: if there is no such break.
    :raises EventNotAllowed: if nothing is proposed.
    :raises SamePerson: if the actor proposed it.
    """
    by = By(actor, now)
    found = await _lock(tx, actor, break_id)
    advance(found.state, states.Event.APPROVE if approves else states.Event.REJECT)
    if found.proposed_by == actor.account_id:
        raise SamePerson
    if not approves:
        return await move(
            tx,
            by,
            found,
            event=states.Event.REJECT,
            what=Event.CHANNEL_BREAK_RETURNED,
            way=None,
            reason=None,
            proposed_by=None,
        )
    key = await _settle(tx, by, found)
    return await move(
        tx,
        by,
        found,
        event=states.Event.APPROVE,
        what=Event.CHANNEL_BREAK_RESOLVED,
        resolving_key=key,
        resolved_by=actor.account_id,
        resolved_at=now,
    )


async def _settle(tx: Tx, by: By, found: Break) -> uuid.UUID:
    suspense, clearing = Account(Purpose.SUSPENSE, found.channel), clearing_of(found.channel)
    amount = abs(found.difference_fen)
    if found.way is Way.REFUNDED:
        payment = await _payment(tx, found)
        return await post(
            tx,
            by,
            Booking(
                kind=Kind.SUSPENSE_RESOLVED,
                source=suspense,
                to=refund_owed_to(payment.payer_party_id),
                amount_fen=amount,
                book=found.book,
                order_id=payment.order_id,
            ),
        )
    # The loss pays into the channel's account, and that what was missing.
    loss = Account(Purpose.PLATFORM_LOSS, PLATFORM)
    covered = Booking(
        kind=Kind.LOSS_COVERED, source=loss, to=clearing, amount_fen=amount, book=found.book
    )
    key = await post(tx, by, covered)
    await post(
        tx,
        by,
        msgspec.structs.replace(covered, kind=Kind.SUSPENSE_BOOKED, source=clearing, to=suspense),
    )
    return key


async def _payment(tx: Tx, found: Break) -> Payment:
    payment = await payments.find_by_reference(tx, found.channel, found.reference)
    if payment is None:
        raise PayerUnknown(reference=found.reference)
    return payment


async def _lock(tx: Tx, actor: Actor, break_id: uuid.UUID) -> Break:
    actor.require("reconciliation:resolve")
    found = await store.lock_break(tx, break_id)
    if found is None:
        raise Missing
    return found
