"""Load what every market starts with: the working-day calendar and the code tables."""

from __future__ import annotations

import datetime as dt

from catalog.code_trees import operations as code_trees
from catalog.code_trees import queries as code_tree_queries
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, run
from catalog.timers import operations as timers
from catalog.timers import queries as timer_queries
from seeds.code_trees import read_tables
from seeds.workdays import load_calendar

_ACTOR = system("reference", "calendar:load", "code_tree:load")


async def load_reference(db: Database, *, now: dt.datetime) -> int:
    """Load what is not there yet: years and code tables. Return how many; again changes nothing."""
    shipped = load_calendar()
    tables = read_tables()

    async def load(tx: Tx) -> int:
        known = await timer_queries.get_calendar(tx)
        years = [table for year, table in shipped.years.items() if not known.knows(year)]
        for year in years:
            await timers.load_calendar_year(tx, actor=_ACTOR, now=now, table=year)
        trees = [
            table
            for table in tables
            if await code_tree_queries.find_sha256(tx, tree=table.tree) != table.sha256
        ]
        for table in trees:
            await code_trees.load(tx, actor=_ACTOR, now=now, table=table)
        return len(years) + len(trees)

    return await run(db, _ACTOR, load, must_remember=False)
