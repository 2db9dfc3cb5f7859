"""Mark what ran out (超期): the regulator sees it, nothing is decided by it (HN-05, A12)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx
from catalog.timers import operations as timers

BATCH: Final = 100
_ACTOR: Final = system("deadlines_due", "timer:mark_overdue")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Mark every open timer overdue whose last day is over; return how many there were.

    A batch is a transaction of its own. Batches that another run holds are skipped, so that two
    runs at once share the work.
    """

    async def mark_a_batch(tx: Tx) -> int:
        return len(await timers.mark_overdue(tx, actor=_ACTOR, now=now, limit=BATCH))

    total = 0
    while marked := await database.run(db, _ACTOR, mark_a_batch, must_remember=False):
        total += marked
    return total
