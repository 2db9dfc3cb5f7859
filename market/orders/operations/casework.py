"""Do what every command on an order does: find and lock it for its party, move it, remember it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.orders.model import Order
from market.orders.queries import OrderMissing
from market.orders.states import Event, advance
from market.orders.store import orders


async def lock(tx: Tx, order_id: uuid.UUID) -> Order:
    """Return an order that the actor may see, locked until the transaction ends.

    :raises OrderMissing: if there is none.
    """
    found = await orders.lock(tx, order_id)
    if found is None:
        raise OrderMissing
    return found


async def lock_of_buyer(tx: Tx, actor: Actor, order_id: uuid.UUID) -> Order:
    """Return an order of the actor's as its buyer, locked.

    :raises OrderMissing: if it is unknown, or somebody else's.
    """
    found = await lock(tx, order_id)
    if found.buyer_party_id != actor.party:
        raise OrderMissing
    return found


async def lock_of_supplier(tx: Tx, actor: Actor, order_id: uuid.UUID) -> Order:
    """Return an order of the actor's as its supplier, locked.

    :raises OrderMissing: if it is unknown, or somebody else's.
    """
    found = await lock(tx, order_id)
    if found.supplier_party_id != actor.party:
        raise OrderMissing
    return found


async def move(tx: Tx, before: Order, event: Event, *, now: dt.datetime, **changes: Any) -> Order:
    """Return the order after ``event``, stored.

    :raises OrderEventNotAllowed: if the event does not happen to it now.
    """
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await orders.update(tx, after)
    return after


async def remember(
    tx: Tx,
    event: Happened,
    order: Order,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any = None,
    reason: str | None = None,
    rules: tuple[str, ...] = ("BJ-27",),
    digests: tuple[Digest, ...] = (),
) -> None:
    """Append what happened to an order to the audit log."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("order", str(order.id)), Subject("product", str(order.product_id))],
        facts={
            "number": order.number,
            "amount_fen": order.amount_fen,
            "scenario": order.scenario,
            "use_category": order.use_category,
            "delivery_mode": order.delivery_mode,
            "told": facts,
        },
        after={"state": order.state.value, "version": order.version},
        reason=reason,
        rules=rules,
        digests=digests,
    )
