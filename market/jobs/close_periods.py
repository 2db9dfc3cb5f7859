"""Take the closing of each month on, step by step (月结), each step a transaction of its own."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from settlement.periods import operations as periods
from settlement.periods import queries
from settlement.periods.model import Step
from settlement.periods.months import Month

_ACTOR: Final = system("close_periods", "period:close", "ledger:read")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Go on with every month that is being closed; return how many were sealed.

    A month waits where somebody still writes into it or an account is not explained; the next run
    looks again.
    """
    async with begin(db, _ACTOR) as tx:
        under_way = await queries.list_under_way(tx)
    sealed = 0
    for book, month in under_way:
        sealed += await _close(db, book, month, now) is Step.SEALED
    return sealed


async def _close(db: Database, book: str, month: Month, now: dt.datetime) -> Step:
    before = None
    while True:
        step, chained = await _step(db, book, month, now)
        if step is Step.SEALED or (step, chained) == before:
            return step
        before = (step, chained)


async def _step(db: Database, book: str, month: Month, now: dt.datetime) -> tuple[Step, int]:
    async def once(tx: Tx) -> tuple[Step, int]:
        return await periods.take_step(tx, actor=_ACTOR, now=now, book=book, month=month)

    # Only the last step is a fact for the log; the others leave what the record then holds.
    return await database.run(db, _ACTOR, once, must_remember=False)
