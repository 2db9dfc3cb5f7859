"""Close decided complaints with which nobody went further in time: one transaction each (§6.3)."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers
from market.complaints.operations import casework, closing

BATCH: Final = 100
_ACTOR: Final = system("complaints_due", "complaint:time_out")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Close what is due and return how many complaints were closed."""
    async with begin(db, _ACTOR) as tx:
        due = await timers.list_run_out(tx, kind=casework.APPEAL, now=now, limit=BATCH)
    closed = 0
    for complaint_id in due:
        once = functools.partial(_close, now=now, complaint_id=complaint_id)
        closed += await database.run(db, _ACTOR, once, must_remember=False)
    return closed


async def _close(tx: Tx, *, now: dt.datetime, complaint_id: uuid.UUID) -> bool:
    return await closing.close_unappealed(tx, actor=_ACTOR, now=now, complaint_id=complaint_id)
