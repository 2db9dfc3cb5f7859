"""Let registrations lapse whose term is over (期限届满): one transaction per certificate.

What follows for offers and orders follows in the same one.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from catalog.terms import queries
from catalog.terms.operations import endings
from catalog.timers import queries as timers
from market.consequences import operations as consequences

BATCH: Final = 100
_ACTOR: Final = system("terms_due", "certificate:lapse")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Let lapse what is over and return how many registrations that were."""
    async with begin(db, _ACTOR) as tx:
        over = await queries.list_over(tx, today=local_date(now), limit=BATCH)
    done = 0
    for number in over:
        lapse = functools.partial(_lapse, now=now, number=number)
        done += await database.run(db, _ACTOR, lapse, must_remember=False)
    return done


async def _lapse(tx: Tx, *, now: dt.datetime, number: str) -> bool:
    lapsed = await endings.lapse(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        certificate_number=number,
    )
    if lapsed:
        await consequences.follow(tx, now=now, certificate_number=number)
    return lapsed
