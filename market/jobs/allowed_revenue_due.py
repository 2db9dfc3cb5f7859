"""Hold what operators took against what they may take, and tell them in time (准许收入预警)."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from market.allowed_revenue import operations

BATCH: Final = 100
_ACTOR: Final = system("allowed_revenue_due", "allowed_revenue:watch")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Tell of every allowance that reached a threshold, one in a transaction; return how many."""
    async with begin(db, _ACTOR) as tx:
        running = await operations.list_running(tx, now=now, limit=BATCH)
    told = 0
    for allowance_id in running:
        once = functools.partial(operations.warn, actor=_ACTOR, now=now, allowance_id=allowance_id)
        told += await database.run(db, _ACTOR, once, must_remember=False) is not None
    return told
