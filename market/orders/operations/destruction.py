"""Ask the buyer to destroy what it had, and take its statement that it did (销毁说明, BJ-27(b))."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.signing.canonical import canonical, sha256_hex
from market.orders import destroying, store
from market.orders.model import DestructionStatement, Order
from market.orders.operations.casework import lock_of_buyer, remember


class DestructionStated(Refused):
    """It was stated before."""

    code = "destruction_stated"


class Destroyed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How, when and by whom what was delivered was destroyed."""

    method: Annotated[str, Meta(min_length=1, max_length=500)]
    destroyed_on: dt.date
    destroyed_by: Annotated[str, Meta(min_length=1, max_length=200)]
    evidence_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


async def ask_for(tx: Tx, *, now: dt.datetime, order: Order, calendar: Calendar) -> None:
    """Tell the buyer until when it states the destruction, where the contract asks for one."""
    if not destroying.is_owed(order):
        return
    await notifications.send(
        tx,
        now=now,
        to=order.buyer_party_id,
        topic=Topic.DESTRUCTION_DUE,
        subject=Subject("order", str(order.id)),
        facts={
            "order_number": order.number,
            "product_name": order.product_name,
            "due_on": destroying.due(now, calendar),
        },
    )


async def state(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, destroyed: Destroyed
) -> DestructionStatement:
    """State that what was delivered is destroyed, file by file (销毁说明).

    :raises NotPermitted: if the actor uses no grants.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises DestructionNotAgreed: if the contract asks for none.
    :raises UseNotOver: if the data may still be used.
    :raises DestructionDateImpossible: if the day is before the delivery or after today.
    :raises DestructionStated: if it was stated before.
    """
    actor.require("delivery:accept")
    order = await lock_of_buyer(tx, actor, order_id)
    destroying.check(order, destroyed_on=destroyed.destroyed_on, today=local_date(now))
    if await store.find_destruction(tx, order.id) is not None:
        raise DestructionStated
    assert order.fingerprint_id is not None, "what was delivered has a fingerprint"
    statement = DestructionStatement(
        order_id=order.id,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        content_sha256=tuple(file.sha256 for file in order.manifest),
        fingerprint_id=order.fingerprint_id,
        method=destroyed.method,
        destroyed_on=destroyed.destroyed_on,
        destroyed_by=destroyed.destroyed_by,
        evidence_sha256=destroyed.evidence_sha256,
        stated_at=now,
    )
    await store.insert_destruction(tx, statement)
    await remember(
        tx,
        Happened.DESTRUCTION_STATED,
        order,
        actor=actor,
        now=now,
        facts={"method": statement.method, "destroyed_on": statement.destroyed_on},
        digests=(Digest("destruction", str(order.id), sha256_hex(canonical(statement))),),
    )
    return statement
