"""End contracts of agencies, so that they are evaluated, and remind of the next selection (HN-23, HN-24)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.agencies.operations import contracts as agencies
from catalog.agency_evaluation import operations as evaluations
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers

_ACTOR: Final = system("agencies_due", "agency_contract:run_out")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return how many things were done; each contract in its own transaction."""
    async with begin(db, _ACTOR) as tx:
        ended = await timers.list_run_out(tx, kind=agencies.CONTRACT, now=now)
    for contract_id in ended:

        async def end(tx: Tx, contract_id: uuid.UUID = contract_id) -> None:
            calendar = await timers.get_calendar(tx)
            await evaluations.end_contract(
                tx, actor=_ACTOR, now=now, calendar=calendar, contract_id=contract_id
            )

        await database.run(db, _ACTOR, end)

    async def remind(tx: Tx) -> int:
        calendar = await timers.get_calendar(tx)
        return await agencies.remind(tx, actor=_ACTOR, now=now, calendar=calendar)

    return len(ended) + await database.run(db, _ACTOR, remind, must_remember=False)
