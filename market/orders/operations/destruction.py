"""Ask the buyer to destroy what it had, and take its statement that it did (销毁说明, BJ-27(b))."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications import queries as told
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as clocks
from catalog.timers import queries as timers
from catalog.timers.states import State as TimerState
from market.orders import destroying
from market.orders.model import DestructionStatement, Order
from market.orders.operations.casework import lock, lock_of_buyer, remember
from market.orders.store import destructions

_RULEBOOK: Final = HAINAN_2023.code


class DestructionStated(Refused):
    """It was stated before."""

    code = "destruction_stated"


class Destroyed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How, when and by whom what was delivered was destroyed."""

    method: Annotated[str, Meta(min_length=1, max_length=500)]
    destroyed_on: dt.date
    destroyed_by: Annotated[str, Meta(min_length=1, max_length=200)]
    evidence_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


async def ask_for(tx: Tx, *, now: dt.datetime, order: Order) -> None:
    """Start the buyer's clock for the statement, and tell it, where the contract asks for one."""
    if not destroying.is_owed(order):
        return
    calendar = await timers.get_calendar(tx)
    async with beyond_own_rows(tx):  # whoever ended the order, the clock is the buyer's
        timer = await clocks.start(
            tx,
            now=now,
            calendar=calendar,
            kind=destroying.CLOCK,
            subject_kind=destroying.SUBJECT,
            subject_id=order.id,
            against=destroying.BUYER,
            party_id=order.buyer_party_id,
            rulebook=_RULEBOOK,
            period=destroying.STATED_WITHIN,
            started_on=local_date(now),
        )
    await _tell(tx, Topic.DESTRUCTION_DUE, order, order.buyer_party_id, timer.due_on, now=now)


async def remind(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Order | None:
    """Remind the buyer before its days are over; after that tell it, and the supplier, that they are.

    Each once; None if it was told, or nothing is owed any more.

    :raises NotPermitted: if the actor is no job of ours.
    :raises OrderMissing: if there is no such order.
    """
    actor.require("order:turn")
    order = await lock(tx, order_id)
    running = [
        each
        for each in await timers.list_for_subject(
            tx, subject_kind=destroying.SUBJECT, subject_id=order.id
        )
        if each.kind == destroying.CLOCK and each.state in (TimerState.OPEN, TimerState.OVERDUE)
    ]
    if not running:
        return None
    (timer,) = running
    is_over = now >= timer.ends_at
    topic = Topic.DESTRUCTION_OVERDUE if is_over else Topic.DESTRUCTION_REMINDED
    about = await told.list_about(tx, Subject("order", str(order.id)))
    if topic in {each.topic for each in about}:
        return None
    parties = [order.buyer_party_id, *([order.supplier_party_id] if is_over else [])]
    for party in parties:
        await _tell(tx, topic, order, party, timer.due_on, now=now)
    return order


async def _tell(
    tx: Tx, topic: Topic, order: Order, to: PartyId, due_on: dt.date, *, now: dt.datetime
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject("order", str(order.id)),
        facts={
            "order_number": order.number,
            "product_name": order.product_name,
            "due_on": due_on,
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
    if await destructions.find(tx, order.id) is not None:
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
    await destructions.insert(tx, statement)
    async with beyond_own_rows(tx):
        # What ended before there was a clock has none.
        if await clocks.was_started(
            tx, kind=destroying.CLOCK, subject_kind=destroying.SUBJECT, subject_id=order.id
        ):
            await clocks.meet(
                tx,
                now=now,
                kind=destroying.CLOCK,
                subject_kind=destroying.SUBJECT,
                subject_id=order.id,
            )
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
