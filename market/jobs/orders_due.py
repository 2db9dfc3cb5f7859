"""Do what time brings about in the trade: ceilings begin, prices begin and end, grants and consents expire.

Who bought what was cut off is told here too: the stop itself waits for nobody.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.local_time import local_date
from catalog.timers import queries as timers
from market.consents import operations as consenting
from market.consents import queries as consents
from market.cut_offs import queries as cut_offs
from market.orders import queries as orders
from market.orders.operations import by_agreement, delivery, destruction, stopping, wide_stops
from market.pricing.model import FilingId
from market.pricing.operations import turning as pricing

BATCH: Final = 100
_ACTOR: Final = system("orders_due", "pricing:turn", "order:turn", "consent:turn")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return how many things were done, one in a transaction.

    Two runs at once are harmless: the second finds each thing done. What is refused stays for the
    next run and does not stop the others.
    """
    async with begin(db, _ACTOR) as tx:
        ceilings = await pricing.list_ceilings_due(tx, now=now, limit=BATCH)
        filings = await pricing.list_due(tx, now=now, limit=BATCH)
        inspected = await orders.list_due(tx, now=now, limit=BATCH)
        undeliverable = await orders.list_undeliverable(tx, now=now, limit=BATCH)
        to_destroy = await orders.list_destructions_to_remind(tx, now=now, limit=BATCH)
        used_up = await orders.list_completable(tx, now=now, limit=BATCH)
        over = await consents.list_over(tx, today=local_date(now), limit=BATCH)
        untold = await cut_offs.list_untold(tx, limit=BATCH)

    async def apply(tx: Tx, ceiling_id: uuid.UUID) -> object:
        calendar = await timers.get_calendar(tx)
        return await pricing.apply_ceiling(
            tx, actor=_ACTOR, now=now, calendar=calendar, ceiling_id=ceiling_id
        )

    async def turn(tx: Tx, filing_id: uuid.UUID) -> object:
        calendar = await timers.get_calendar(tx)
        return await pricing.take_turn(
            tx, actor=_ACTOR, now=now, calendar=calendar, filing_id=FilingId(filing_id)
        )

    async def end_inspection(tx: Tx, order_id: uuid.UUID) -> object:
        return await delivery.end_inspection(tx, actor=_ACTOR, now=now, order_id=order_id)

    async def end_undelivered(tx: Tx, order_id: uuid.UUID) -> object:
        return await by_agreement.end_undelivered(tx, actor=_ACTOR, now=now, order_id=order_id)

    async def complete(tx: Tx, order_id: uuid.UUID) -> object:
        return await stopping.complete(tx, actor=_ACTOR, now=now, order_id=order_id)

    async def remind(tx: Tx, order_id: uuid.UUID) -> object:
        return await destruction.remind(tx, actor=_ACTOR, now=now, order_id=order_id)

    async def expire(tx: Tx, consent_id: uuid.UUID) -> object:
        return await consenting.expire(tx, actor=_ACTOR, now=now, consent_id=consent_id)

    async def tell(tx: Tx, cut_off_id: uuid.UUID) -> object:
        return await wide_stops.tell(tx, actor=_ACTOR, now=now, cut_off_id=cut_off_id)

    return (
        await _each(db, ceilings, apply)
        + await _each(db, filings, turn)
        + await _each(db, inspected, end_inspection)
        + await _each(db, undeliverable, end_undelivered)
        + await _each(db, used_up, complete)
        + await _each(db, to_destroy, remind)
        + await _each(db, over, expire)
        + await _each(db, untold, tell)
    )


async def _each(
    db: Database,
    ids: list[FilingId] | list[uuid.UUID],
    do: Callable[[Tx, uuid.UUID], Awaitable[object]],
) -> int:
    done = 0
    for each in ids:

        async def once(tx: Tx, each: uuid.UUID = each) -> object:
            return await do(tx, each)

        try:
            done += await database.run(db, _ACTOR, once, must_remember=False) is not None
        except DomainError as refused:
            _log.info("not_due_after_all", id=str(each), code=refused.code)
    return done
