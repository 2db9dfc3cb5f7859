"""Run the replays of the journal that were asked for (全账重放), one at a time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from market.finance_reports import operations
from settlement.ledger_reports.queries import replaying
from settlement.ledger_reports.replaying import Report

_ACTOR: Final = system("replay_ledger", "ledger:replay")


async def run(db: Database, *, clock: Callable[[], dt.datetime]) -> int:
    """Run what waits; return how many were finished. One that its process left is run again."""
    finished = 0
    while (run_id := await _take(db, clock())) is not None:
        report = await _replay(db, run_id, clock)
        finished += await _finish(db, run_id, report, clock())
    return finished


async def _take(db: Database, now: dt.datetime) -> uuid.UUID | None:
    async def once(tx: Tx) -> uuid.UUID | None:
        return await operations.take_replay(tx, actor=_ACTOR, now=now)

    # That it was asked for and what it came to are facts for the log; that it runs is not.
    return await database.run(db, _ACTOR, once, must_remember=False)


async def _replay(db: Database, run_id: uuid.UUID, clock: Callable[[], dt.datetime]) -> Report:
    async def tell(entries: int) -> None:
        async def once(tx: Tx) -> None:
            await operations.tell_progress(
                tx, actor=_ACTOR, now=clock(), run_id=run_id, entries_done=entries
            )

        await database.run(db, _ACTOR, once, must_remember=False)

    async with begin(db, _ACTOR, snapshot=True) as tx:
        return await replaying.replay(tx, viewer=_ACTOR, tell=tell)


async def _finish(db: Database, run_id: uuid.UUID, report: Report, now: dt.datetime) -> bool:
    async def once(tx: Tx) -> bool:
        return await operations.finish_replay(
            tx, actor=_ACTOR, now=now, run_id=run_id, report=report
        )

    return await database.run(db, _ACTOR, once)
