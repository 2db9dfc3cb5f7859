"""Load what every market starts with: the working-day calendar, the code tables, the synonyms."""

from __future__ import annotations

import datetime as dt

from catalog.code_trees import operations as code_trees
from catalog.code_trees import queries as code_tree_queries
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, run
from catalog.thesaurus import operations as thesaurus
from catalog.thesaurus import queries as thesaurus_queries
from catalog.timers import operations as timers
from catalog.timers import queries as timer_queries
from seeds.code_trees import read_tables
from seeds.synonyms import read_groups
from seeds.workdays import load_calendar

_ACTOR = system("reference", "calendar:load", "code_tree:load", "synonym:edit")
_SHIPPED = "随系统提供 · comes with the service"


async def load_reference(db: Database, *, now: dt.datetime) -> int:
    """Load what is not there yet: years, code tables, synonyms. Return how many; again changes nothing.

    The synonyms are the operator's from then on: they are loaded into a table that nobody touched.
    """
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
        is_first = await thesaurus_queries.is_untouched(tx)
        if is_first:
            await thesaurus.import_groups(
                tx, actor=_ACTOR, now=now, groups=read_groups(), reason=_SHIPPED
            )
        return len(years) + len(trees) + is_first

    return await run(db, _ACTOR, load, must_remember=False)
