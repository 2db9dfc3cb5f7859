"""Begin and end auctions by the clock, and note what winners signed: one transaction each (竞价到点)."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers
from market.auctions import queries
from market.auctions.operations import awarding, opening

BATCH: Final = 100
_ACTOR: Final = system("auctions_due", "auction:move_on")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return how many auctions moved."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
        awarded = await queries.list_awarded(tx, limit=BATCH)
    moved = 0
    for auction_id in due:
        once = functools.partial(_move_on, now=now, auction_id=auction_id)
        moved += await database.run(db, _ACTOR, once, must_remember=False)
    for auction_id in awarded:
        once = functools.partial(_settle, now=now, auction_id=auction_id)
        moved += await database.run(db, _ACTOR, once, must_remember=False)
    return moved


async def _move_on(tx: Tx, *, now: dt.datetime, auction_id: uuid.UUID) -> bool:
    calendar = await timers.get_calendar(tx)
    moved = await opening.move_on(
        tx, actor=_ACTOR, now=now, calendar=calendar, auction_id=auction_id
    )
    return moved is not None


async def _settle(tx: Tx, *, now: dt.datetime, auction_id: uuid.UUID) -> bool:
    return await awarding.settle(tx, actor=_ACTOR, now=now, auction_id=auction_id)
