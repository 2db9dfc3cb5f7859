"""Carry what waits in the outbox, and record receipts that are proven by now (通知送达, A40).

Each delivery is taken for some minutes, carried while no transaction is open, and recorded with
the other side's answer in one of its own. A job killed half-way leaves it to the next, with the
same message id: at least once, and known as the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.notifications import operations as notifications
from catalog.notifications import queries
from catalog.notifications.delivering import Carrier, Message
from catalog.notifications.model import Delivery, NotificationId
from catalog.timers import queries as timers

BATCH: Final = 20
_ACTOR: Final = system("deliver_notifications", "notification:deliver")


async def run(
    db: Database, *, clock: Callable[[], dt.datetime], carriers: Sequence[Carrier]
) -> int:
    """Carry what is due and record receipts; return how many deliveries and receipts."""
    return await _carry_due(db, clock, carriers) + await _record_receipts(db, clock())


async def _carry_due(
    db: Database, clock: Callable[[], dt.datetime], carriers: Sequence[Carrier]
) -> int:
    by_channel = {carrier.channel: carrier for carrier in carriers}
    if not by_channel:
        return 0

    async def take(tx: Tx) -> list[tuple[Delivery, Message]]:
        taken = await notifications.take_due(
            tx, actor=_ACTOR, now=clock(), channels=list(by_channel), limit=BATCH
        )
        return [(delivery, await queries.compose(tx, delivery)) for delivery in taken]

    async def carry(delivery: Delivery, message: Message) -> None:
        answer = await by_channel[delivery.channel].carry(message)

        async def record(tx: Tx) -> object:
            return await notifications.record_attempt(
                tx, actor=_ACTOR, now=clock(), delivery_id=delivery.id, answer=answer
            )

        await database.run(db, _ACTOR, record, must_remember=False)

    due = await database.run(db, _ACTOR, take, must_remember=False)
    await asyncio.gather(*(carry(delivery, message) for delivery, message in due))
    return len(due)


async def _record_receipts(db: Database, now: dt.datetime) -> int:
    recorded, after = 0, None
    while True:
        async with begin(db, _ACTOR) as tx:
            found = await queries.list_receivable(tx, after=after, limit=BATCH)
        for notification_id in found:
            record = functools.partial(_record, now=now, notification_id=notification_id)
            recorded += await database.run(db, _ACTOR, record, must_remember=False)
        if len(found) < BATCH:
            return recorded
        after = _last(found)


async def _record(tx: Tx, *, now: dt.datetime, notification_id: uuid.UUID) -> bool:
    calendar = await timers.get_calendar(tx)
    receipt = await notifications.record_receipt(
        tx, actor=_ACTOR, now=now, calendar=calendar, notification_id=notification_id
    )
    return receipt is not None


def _last(found: Sequence[NotificationId]) -> NotificationId:
    return found[-1]
