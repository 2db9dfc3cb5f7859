"""Load what every market starts with: the working-day calendar and the chart of accounts."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, run
from catalog.timers import operations as timers
from catalog.timers import queries as timer_queries
from seeds.workdays import load_calendar

_ACTOR = system("reference", "calendar:load")


async def load_reference(db: Database, *, now: dt.datetime) -> int:
    """Load the years that are not there yet; return how many. Running it again changes nothing."""
    shipped = load_calendar()

    async def load(tx: Tx) -> int:
        known = await timer_queries.get_calendar(tx)
        fresh = [table for year, table in shipped.years.items() if not known.knows(year)]
        for table in fresh:
            await timers.load_calendar_year(tx, actor=_ACTOR, now=now, table=table)
        return len(fresh)

    return await run(db, _ACTOR, load, must_remember=False)
