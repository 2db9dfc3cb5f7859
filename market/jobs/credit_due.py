"""Say of each sanction that is over that it is (惩戒期满): one transaction each (QD-S2, GZF-29)."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from market.credit import operations, queries

BATCH: Final = 100
_ACTOR: Final = system("credit_due", "credit:expire")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Note what is over and return how many sanctions; they counted no more already."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_over(tx, today=local_date(now), limit=BATCH)
    over = 0
    for record_id in due:
        once = functools.partial(_expire, now=now, record_id=record_id)
        over += await database.run(db, _ACTOR, once, must_remember=False)
    return over


async def _expire(tx: Tx, *, now: dt.datetime, record_id: uuid.UUID) -> bool:
    return await operations.expire(tx, actor=_ACTOR, now=now, record_id=record_id)
