"""Open an escrow and take its money in (托管开立、入款)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from settlement.escrow import states, store
from settlement.escrow.model import Escrow
from settlement.escrow.operations import casework
from settlement.escrow.states import State, advance
from settlement.ledger.accounts import BOOK, Account, Book, clearing_of, escrow_of
from settlement.ledger.journal import Kind, Leg, transfer
from settlement.money import fen
from settlement.taxes.model import Tax


class OtherTerms(Conflict):
    """The order has an escrow already, with another payer, amount or book."""

    code = "escrow_opened_on_other_terms"


class AmountDiffers(Conflict):
    """What came is not what was due."""

    code = "escrow_amount_differs"


async def open(  # noqa: A001
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    payer_party_id: uuid.UUID,
    amount_fen: int,
    payee_party_id: uuid.UUID | None = None,
    book: Book = BOOK,
    tax: Tax | None = None,
) -> Escrow:
    """Open the escrow of an order; opening it again on the same terms changes nothing.

    All of its money is accounted in ``book``, from pay-in to payout. ``amount_fen`` is with the tax.

    :raises OtherTerms: if it is open with another payer, amount, book or tax.
    """
    wanted = Escrow(
        order_id=order_id,
        payer_party_id=payer_party_id,
        payee_party_id=payee_party_id,
        amount_fen=fen(amount_fen),
        state=State.AWAITING_PAYMENT,
        opened_at=now,
        funded_at=None,
        closed_at=None,
        funding_key=None,
        closing_key=None,
        book=book,
        tax=tax,
    )
    if not await store.insert(tx, wanted):
        found = await casework.lock(tx, order_id)
        terms = (payer_party_id, wanted.amount_fen, book, tax)
        if (found.payer_party_id, found.amount_fen, found.book, found.tax) != terms:
            raise OtherTerms(order_id=str(order_id), amount_fen=found.amount_fen)
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return found
    await casework.remember(
        tx, Event.ESCROW_OPENED, wanted, amount_fen=wanted.amount_fen, actor=actor, now=now
    )
    return wanted


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> None:
    """Let an escrow that nobody paid into run out, because its order is over (失效).

    Without escrow there is nothing to run out. Money that comes nevertheless is taken in, and goes
    back.

    :raises EventNotAllowed: if there is money in it, or was.
    """
    escrow = await store.lock(tx, order_id)
    if escrow is None or escrow.state is State.EXPIRED:
        return
    await store.set_state(tx, order_id, advance(escrow.state, states.Event.EXPIRE))
    await casework.remember(
        tx, Event.ESCROW_EXPIRED, escrow, amount_fen=escrow.amount_fen, actor=actor, now=now
    )


async def fund(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    channel: str,
    amount_fen: int,
) -> Escrow:
    """Book money that a channel collected into the escrow (收款入托管).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if the money came before.
    :raises AmountDiffers: if it is not exactly what is due.
    """
    escrow = await casework.lock(tx, order_id)
    following = advance(escrow.state, states.Event.PAY)
    if amount_fen != escrow.amount_fen:
        raise AmountDiffers(due_fen=escrow.amount_fen, amount_fen=amount_fen)
    legs = transfer(clearing_of(channel), [Leg(escrow_of(order_id), escrow.amount_fen)])
    key = await casework.post(tx, escrow, kind=Kind.PAY_IN, legs=legs, actor=actor, now=now)
    await store.fund(tx, order_id, state=following, at=now, by=key)
    await casework.remember(
        tx, Event.ESCROW_FUNDED, escrow, amount_fen=escrow.amount_fen, actor=actor, now=now
    )
    return await casework.lock(tx, order_id)


async def top_up(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    channel: str,
    amount_fen: int,
) -> Escrow:
    """Book more money of an order that pays as it uses into its escrow (补款).

    ``funding_key`` of what is returned is the entry of this money.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was paid yet, or it is disputed.
    """
    escrow, amount = await casework.lock(tx, order_id), fen(amount_fen)
    following = advance(escrow.state, states.Event.TOP_UP)
    legs = transfer(clearing_of(channel), [Leg(escrow_of(order_id), amount)])
    key = await casework.post(tx, escrow, kind=Kind.PAY_IN, legs=legs, actor=actor, now=now)
    await store.top_up(tx, order_id, state=following, amount_fen=amount)
    await casework.remember(
        tx, Event.ESCROW_TOPPED_UP, escrow, amount_fen=amount, actor=actor, now=now
    )
    return msgspec.structs.replace(await casework.lock(tx, order_id), funding_key=key)


async def cover(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    source: Account,
    amount_fen: int,
) -> uuid.UUID:
    """Book money of the platform into the escrow of an order that its buyer never paid (坏账核销).

    Return by which entry.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was paid yet, or it is disputed.
    """
    escrow, amount = await casework.lock(tx, order_id), fen(amount_fen)
    following = advance(escrow.state, states.Event.TOP_UP)
    legs = transfer(source, [Leg(escrow_of(order_id), amount)])
    key = await casework.post(tx, escrow, kind=Kind.LOSS_COVERED, legs=legs, actor=actor, now=now)
    await store.top_up(tx, order_id, state=following, amount_fen=amount)
    await casework.remember(
        tx, Event.ESCROW_TOPPED_UP, escrow, amount_fen=amount, actor=actor, now=now
    )
    return key
