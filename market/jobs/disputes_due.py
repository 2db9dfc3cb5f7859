"""Let cases go on when somebody's days are over (逾期处理): one transaction per case.

An application whose corrections did not come lapses, where a rulebook limits them. Acceptance not given in time leaves the matter unresolved; an objector who goes to no court in time
has its objection closed; a new holder who does nothing is told to the bureau (RULES §5.3, §5.4).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from catalog.changes import correcting
from catalog.changes.operations import closing
from catalog.instruments.operations import applying, casework
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.objections import deadlines
from catalog.objections import queries as objections
from catalog.objections.operations import court, forwarding
from catalog.registration.operations import lapsing
from catalog.timers import queries as timers

BATCH: Final = 100
_ACTOR: Final = system(
    "disputes_due", "objection:time_out", "instrument:escalate", "application:lapse"
)


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return how many matters went on."""

    async def leave_unresolved(tx: Tx, objection_id: uuid.UUID) -> bool:
        calendar = await timers.get_calendar(tx)
        return await court.time_out_acceptance(
            tx, actor=_ACTOR, now=now, calendar=calendar, objection_id=objection_id
        )

    async def close(tx: Tx, objection_id: uuid.UUID) -> bool:
        return await court.time_out_proceedings(
            tx, actor=_ACTOR, now=now, objection_id=objection_id
        )

    async def escalate(tx: Tx, instrument_id: uuid.UUID) -> bool:
        return await applying.escalate(tx, actor=_ACTOR, now=now, instrument_id=instrument_id)

    async def start_response(tx: Tx, objection_id: uuid.UUID) -> bool:
        return await forwarding.start_response(
            tx,
            actor=_ACTOR,
            now=now,
            calendar=await timers.get_calendar(tx),
            objection_id=objection_id,
        )

    async with begin(db, _ACTOR) as tx:
        unreceived = await objections.list_unreceived(tx, limit=BATCH)

    async def lapse(tx: Tx, application_id: uuid.UUID) -> bool:
        return await lapsing.lapse(tx, actor=_ACTOR, now=now, application_id=application_id)

    async def lapse_change(tx: Tx, change_id: uuid.UUID) -> bool:
        return await closing.lapse(tx, actor=_ACTOR, now=now, change_id=change_id)

    return (
        await _do(db, unreceived, start_response)
        + await _each(db, now, lapsing.CORRECTION, lapse)
        + await _each(db, now, correcting.CLOCK, lapse_change)
        + await _each(db, now, deadlines.ACCEPTANCE, leave_unresolved)
        + await _each(db, now, deadlines.PROCEEDINGS, close)
        + await _each(db, now, casework.NEW_HOLDER_ACTION, escalate)
    )


async def _each(
    db: Database, now: dt.datetime, kind: str, do: Callable[[Tx, uuid.UUID], Awaitable[bool]]
) -> int:
    async with begin(db, _ACTOR) as tx:
        due = await timers.list_run_out(tx, kind=kind, now=now, limit=BATCH)
    return await _do(db, due, do)


async def _do(
    db: Database, due: list[uuid.UUID], do: Callable[[Tx, uuid.UUID], Awaitable[bool]]
) -> int:
    done = 0
    for subject_id in due:

        async def once(tx: Tx, subject_id: uuid.UUID = subject_id) -> bool:
            return await do(tx, subject_id)

        done += await database.run(db, _ACTOR, once, must_remember=False)
    return done
