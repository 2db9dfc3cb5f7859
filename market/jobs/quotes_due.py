"""Open quotes at their deadline, end requests without a demand, and note how what was chosen ended.

One transaction for each (开启报价).
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers
from market.demand_posts.operations import moving
from market.quotes import queries
from market.quotes.model import Settled
from market.quotes.operations import deciding, inviting

BATCH: Final = 100
_ACTOR: Final = system("quotes_due", "quote:open", "demand_post:settle")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return how many requests and demands moved."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
        pointless = await queries.list_pointless(tx, limit=BATCH)
        settled = await queries.list_settled(tx, now=now, limit=BATCH)
    moved = 0
    for request_id in due:
        opened = functools.partial(_open, now=now, request_id=request_id)
        moved += await database.run(db, _ACTOR, opened, must_remember=False)
    for request_id in pointless:
        ended = functools.partial(_end, now=now, request_id=request_id)
        moved += await database.run(db, _ACTOR, ended, must_remember=False)
    for each in settled:
        noted = functools.partial(_settle, now=now, settled=each)
        moved += await database.run(db, _ACTOR, noted, must_remember=False)
    return moved


async def _open(tx: Tx, *, now: dt.datetime, request_id: uuid.UUID) -> bool:
    return await deciding.open_quotes(tx, actor=_ACTOR, now=now, request_id=request_id)


async def _end(tx: Tx, *, now: dt.datetime, request_id: uuid.UUID) -> bool:
    return await inviting.end_pointless(tx, actor=_ACTOR, now=now, request_id=request_id)


async def _settle(tx: Tx, *, now: dt.datetime, settled: Settled) -> bool:
    return await moving.settle(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        post_id=settled.post_id,
        is_met=settled.is_met,
    )
