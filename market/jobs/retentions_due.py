"""Free retention money on its day, one order in a transaction (到期退还质保金).

While a dispute or a complaint holds the payout of the order, what is kept stays kept.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from market.orders import queries as orders
from settlement.retentions import operations, queries

BATCH: Final = 200
_ACTOR: Final = system("retentions_due", "retention_money:release")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Free what is due and return of how many orders. Two runs at once free it once."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
        held = await orders.list_payouts_held(tx, order_ids=due)
    freed = 0
    for order_id in due:
        if order_id in held:
            continue
        once = functools.partial(_release, now=now, order_id=order_id)
        try:
            await database.run(db, _ACTOR, once)
        except DomainError as refused:  # it was drawn meanwhile
            _log.warning("retention_not_released", order_id=str(order_id), code=refused.code)
        else:
            freed += 1
    return freed


async def _release(tx: Tx, *, now: dt.datetime, order_id: uuid.UUID) -> None:
    await operations.release(tx, actor=_ACTOR, now=now, order_id=order_id)
