"""Take note of what channels tell, and that an order was paid by it."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from market.orders.model import Order
from market.orders.operations import charged_back, charging
from market.orders.operations.casework import lock, move, remember
from market.orders.states import Event, State, allows
from market.orders.store import orders
from settlement.chargebacks import operations as chargebacks
from settlement.deposits import operations as deposits
from settlement.deposits import queries as deposit_queries
from settlement.escrow.operations import refunding as escrow
from settlement.payments import operations as payments
from settlement.payments.callback import Effect
from settlement.payments.channel import OF_CHARGEBACKS, ChannelEvent
from settlement.payments.model import Recorded


async def hear(
    tx: Tx, *, now: dt.datetime, channel: str, event: ChannelEvent, nonce: str
) -> Recorded:
    """Record what a channel told, by a callback, when asked, or in its file; it counts once.

    :raises NonceReused: if the nonce was used for another event.
    :raises EventReused: if the event's id was.
    """
    if event.kind in OF_CHARGEBACKS:
        heard = await chargebacks.hear(tx, now=now, channel=channel, event=event, nonce=nonce)
        if heard.effect is Effect.APPLIED and not heard.is_replay and heard.payment is not None:
            await charged_back.follow(tx, now=now, order_id=heard.payment.order_id)
        return heard
    recorded = await payments.record_callback(
        tx, now=now, channel=channel, event=event, nonce=nonce
    )
    if recorded.is_new and recorded.payment is not None:
        actor = system(f"channel:{channel}", "order:mark_paid", "usage:charge", "escrow:release")
        order_id = recorded.payment.order_id
        if await deposit_queries.find(tx, order_id) is not None:
            await deposits.receive(tx, actor=actor, now=now, deposit_id=order_id)
            return recorded
        take = charging.receive if recorded.payment.is_top_up else mark_paid
        await take(tx, actor=actor, now=now, order_id=order_id)
    return recorded


async def mark_paid(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Order:
    """Set that an order's money is in escrow (付款入托管).

    Money that comes for an order that is over meanwhile goes back at once; for one that is
    suspended it stays in escrow, and the order goes on as a paid one.

    :raises NotPermitted: if the actor is no channel.
    :raises OrderMissing: if there is no such order.
    """
    actor.require("order:mark_paid")
    order = await lock(tx, order_id)
    if allows(order.state, Event.PAY):
        order = await move(tx, order, Event.PAY, now=now, paid_at=now)
    elif (order.state, order.suspended_from) == (State.SUSPENDED, State.CONTRACTED):
        order = msgspec.structs.replace(
            order,
            suspended_from=State.PAID,
            paid_at=now,
            version=order.version + 1,
            updated_at=now,
        )
        await orders.update(tx, order)
    else:
        await escrow.refund(tx, actor=actor, now=now, order_id=order_id)
    await remember(tx, Happened.ORDER_PAID, order, actor=actor, now=now)
    return order
