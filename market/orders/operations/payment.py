"""Take note that an order was paid. Called where the channel's callback comes in."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.orders import store
from market.orders.model import Order
from market.orders.operations.casework import lock, move, remember
from market.orders.states import Event, State, allows
from settlement.escrow import operations as escrow


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
        await store.update(tx, order)
    else:
        await escrow.refund(tx, actor=actor, now=now, order_id=order_id)
    await remember(tx, Happened.ORDER_PAID, order, actor=actor, now=now)
    return order
