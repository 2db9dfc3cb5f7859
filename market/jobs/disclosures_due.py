"""Remind operators of the year that they disclose by 31 March (年度披露), one in a transaction."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from catalog.timers import queries as timers
from market.public_data_reports import disclosing, operations, queries
from market.public_data_reports.model import Due

_ACTOR: Final = system("disclosures_due", "public_data_report:remind")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Start the days of everybody who was paid for public data last year; return how many were new."""
    async with begin(db, _ACTOR) as tx:
        owing = await queries.list_owing(tx, year=disclosing.reported_year(local_date(now)))
    done = 0
    for due in owing:
        once = functools.partial(_remind, now=now, due=due)
        done += await database.run(db, _ACTOR, once, must_remember=False)
    return done


async def _remind(tx: Tx, *, now: dt.datetime, due: Due) -> bool:
    return await operations.remind(
        tx, actor=_ACTOR, now=now, calendar=await timers.get_calendar(tx), due=due
    )
