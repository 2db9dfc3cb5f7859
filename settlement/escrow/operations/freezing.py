"""Freeze an escrow that is disputed, or that a channel takes back (争议冻结、拒付冻结)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from settlement.escrow import states, store
from settlement.escrow.model import Escrow
from settlement.escrow.operations import casework
from settlement.escrow.states import advance
from settlement.holds import operations as holds
from settlement.holds.model import Reason
from settlement.ledger.accounts import chargeback_of, clearing_of, escrow_of
from settlement.ledger.journal import Kind, Leg, transfer
from settlement.money import fen


async def freeze(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Escrow:
    """Freeze the escrow of an order whose delivery is disputed (争议冻结).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it, or it is frozen.
    """
    escrow = await casework.lock(tx, order_id)
    following = advance(escrow.state, states.Event.DISPUTE)
    await holds.place(
        tx,
        actor=actor,
        now=now,
        key=new_id(),
        account=escrow_of(order_id),
        amount_fen=escrow.left_fen,
        reason=Reason.DISPUTE,
        order_id=order_id,
        book=escrow.book,
    )
    await store.set_state(tx, order_id, following)
    await casework.remember(
        tx, Event.ESCROW_FROZEN, escrow, amount_fen=escrow.left_fen, actor=actor, now=now
    )
    return await casework.lock(tx, order_id)


async def charge_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, amount_fen: int
) -> None:
    """Set aside what a channel takes back; nothing else leaves until that is over (拒付冻结).

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if there is no money in it.
    :raises BalanceInsufficient: if there is less.
    """
    escrow = await casework.lock(tx, order_id)
    following = advance(escrow.state, states.Event.CHARGE_BACK)
    await casework.thaw(tx, escrow, actor=actor, now=now)
    legs = transfer(escrow_of(order_id), [Leg(chargeback_of(order_id), fen(amount_fen))])
    await casework.post(tx, escrow, kind=Kind.CHARGEBACK, legs=legs, actor=actor, now=now)
    await store.set_state(tx, order_id, following)


async def end_chargeback(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    amount_fen: int,
    lost_to: str | None,
    aside_fen: int = 0,
) -> uuid.UUID:
    """Let what was set aside go to the channel ``lost_to``, or back; return by which entry (拒付了结).

    ``aside_fen`` stay set aside for other cases of the order, and all of it frozen until they are over.

    :raises EscrowMissing: if the order has none.
    :raises EventNotAllowed: if nothing was set aside.
    """
    escrow = await casework.lock(tx, order_id)
    left = escrow.left_fen - amount_fen if lost_to else escrow.left_fen
    over = states.ending(left_fen=left, captured_fen=escrow.captured_fen, aside_fen=aside_fen)
    following = advance(escrow.state, over)
    kind = Kind.CHARGEBACK_LOST if lost_to else Kind.CHARGEBACK_WON
    to = clearing_of(lost_to) if lost_to else escrow_of(order_id)
    legs = transfer(chargeback_of(order_id), [Leg(to, fen(amount_fen))])
    key = await casework.post(tx, escrow, kind=kind, legs=legs, actor=actor, now=now)
    if not lost_to:
        await store.set_state(tx, order_id, following)
    elif left:
        await store.take_out(tx, order_id, state=following, refunded_fen=amount_fen)
    else:
        await store.close(tx, order_id, state=following, at=now, by=key, refunded_fen=amount_fen)
    return key
