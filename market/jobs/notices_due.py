"""End public notices whose days are over, and let unanswered objections go on (公示期满, 异议反馈逾期).

One transaction per case. A case that somebody holds just now is skipped and found again in the
next round, so that two workers share the work and a job killed half-way loses nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.notices import queries as notices
from catalog.objections import queries as objection_queries
from catalog.objections.operations import holding, response
from catalog.registration.operations import notice as registration
from catalog.timers import queries as timers

BATCH: Final = 100
_ACTOR: Final = system("notices_due", "notice:end", "objection:time_out")


async def run(db: Database, *, now: dt.datetime) -> int:
    """End what is over and return how many cases went on."""
    async with begin(db, _ACTOR) as tx:
        due = await notices.list_due(tx, now=now, limit=BATCH)
        silent = await objection_queries.list_unanswered(tx, now=now, limit=BATCH)
    done = 0
    for notice_id, application_id in due:
        done += await database.run(
            db,
            _ACTOR,
            functools.partial(_end, now=now, notice_id=notice_id, application_id=application_id),
            must_remember=False,
        )
    for objection_id in silent:
        done += await database.run(
            db,
            _ACTOR,
            functools.partial(_time_out, now=now, objection_id=objection_id),
            must_remember=False,
        )
    return done


async def _end(
    tx: Tx, *, now: dt.datetime, notice_id: uuid.UUID, application_id: uuid.UUID
) -> bool:
    ended = await registration.end_notice(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        application_id=application_id,
        notice_id=notice_id,
    )
    if ended:
        await holding.tell_objectors(tx, now=now, application_id=application_id)
    return ended


async def _time_out(tx: Tx, *, now: dt.datetime, objection_id: uuid.UUID) -> bool:
    return await response.time_out_response(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        objection_id=objection_id,
    )
