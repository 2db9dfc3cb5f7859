"""Hold what operators took against what they may take: told in time, and compared when a period is over."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers
from market.allowed_revenue import operations

BATCH: Final = 100
_ACTOR: Final = system("allowed_revenue_due", "allowed_revenue:watch")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Tell of every allowance that reached a threshold, compare what is over; return how many."""
    async with begin(db, _ACTOR) as tx:
        running = await operations.list_running(tx, now=now, limit=BATCH)
        over = await operations.list_to_compare(tx, now=now, limit=BATCH)
    done = 0
    for allowance_id in running:
        once = functools.partial(operations.warn, actor=_ACTOR, now=now, allowance_id=allowance_id)
        done += await database.run(db, _ACTOR, once, must_remember=False) is not None
    for allowance_id in over:
        compare = functools.partial(_compare, now=now, allowance_id=allowance_id)
        done += await database.run(db, _ACTOR, compare, must_remember=False)
    return done


async def _compare(tx: Tx, *, now: dt.datetime, allowance_id: uuid.UUID) -> bool:
    compared = await operations.compare_when_over(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        allowance_id=allowance_id,
    )
    return compared is not None
