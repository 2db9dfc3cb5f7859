"""Tell what yearly plans promised and what is not open after its quarter (超期提醒, GD-08)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database
from market.open_plans import operations

_ACTOR: Final = system("open_plans_due", "open_plan:tell")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Tell each promise that is late once for its last day; return how many there were."""
    total = 0
    while True:
        count = await database.run(
            db,
            _ACTOR,
            lambda tx: operations.tell_overdue(tx, actor=_ACTOR, now=now),
            must_remember=False,
        )
        total += count
        if count < operations.BATCH:
            return total
