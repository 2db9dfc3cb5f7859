"""Take applications as accepted that the registrar did not answer (视为受理), where the rules say so.

国数综政策〔2026〕35号 第十七条; never under Hainan's text or 26号. One transaction per case.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.changes import queries as changes
from catalog.changes.operations import acceptance as changing_acceptance
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.registration import queries
from catalog.registration.operations import acceptance
from catalog.timers import queries as timers

BATCH: Final = 100
_ACTOR: Final = system("silence_due", "application:accept_by_silence")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Accept what silence has accepted; return how many applications there were."""
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.list_silent(tx, submitted_before=now, limit=BATCH)
        changing = await changes.list_silent(tx, limit=BATCH)
    done = 0
    for change_id in changing:
        accept = functools.partial(_accept_change, now=now, change_id=change_id)
        done += await database.run(db, _ACTOR, accept, must_remember=False)
    for application_id in waiting:
        take = functools.partial(_accept, now=now, application_id=application_id)
        done += await database.run(db, _ACTOR, take, must_remember=False)
    return done


async def _accept(tx: Tx, *, now: dt.datetime, application_id: uuid.UUID) -> bool:
    return await acceptance.accept_by_silence(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        application_id=application_id,
    )


async def _accept_change(tx: Tx, *, now: dt.datetime, change_id: uuid.UUID) -> bool:
    return await changing_acceptance.accept_by_silence(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        change_id=change_id,
    )
