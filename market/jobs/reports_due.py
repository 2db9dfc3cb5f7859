"""Open the report of each quarter that ended (季度报备), so that its time runs (HN-21, A29)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx
from catalog.timers import queries as timers
from market.supervision.operations import generation

_ACTOR: Final = system("reports_due", "report:open")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Open what is due; return how many reports were opened."""

    async def open_due(tx: Tx) -> int:
        calendar = await timers.get_calendar(tx)
        opened = await generation.open_due(tx, actor=_ACTOR, now=now, calendar=calendar)
        return len(opened)

    return await database.run(db, _ACTOR, open_due, must_remember=False)
