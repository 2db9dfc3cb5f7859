"""End demands whose days are over, and find what fits those that are open (需求到期、撮合).

One transaction for each: what was found, that it was told, and the messages, or nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.search.disk import faults
from catalog.search.port import SearchPort
from catalog.thesaurus.queries import Book
from catalog.timers import queries as timers
from market.demand_posts import queries
from market.demand_posts.operations import matching, moving
from market.demand_posts.posting import EXPIRY

BATCH: Final = 100
_ACTOR: Final = system("demand_posts_due", "demand_post:expire", "demand_post:match")


async def run(db: Database, *, now: dt.datetime, port: SearchPort | None, synonyms: Book) -> int:
    """End what is over, find what fits the rest; return how many demands ended or fit anew."""
    async with begin(db, _ACTOR) as tx:
        over = await timers.list_run_out(tx, kind=EXPIRY, now=now, limit=BATCH)
    count = 0
    for post_id in over:
        once = functools.partial(_expire, now=now, post_id=post_id)
        count += await database.run(db, _ACTOR, once, must_remember=False)
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
    for post_id in due:
        look = functools.partial(_look, now=now, synonyms=synonyms, post_id=post_id)
        count += await faults.answered(port, functools.partial(_run, db, look))
    return count


async def _run(db: Database, look: Callable[..., Awaitable[int]], port: SearchPort | None) -> int:
    # A transaction of its own each time: one that an index failed in wrote nothing.
    return await database.run(db, _ACTOR, functools.partial(look, port=port), must_remember=False)


async def _expire(tx: Tx, *, now: dt.datetime, post_id: uuid.UUID) -> bool:
    return await moving.expire(tx, actor=_ACTOR, now=now, post_id=post_id)


async def _look(
    tx: Tx, *, now: dt.datetime, port: SearchPort | None, synonyms: Book, post_id: uuid.UUID
) -> int:
    return await synonyms.answered(
        tx,
        lambda known: matching.look(
            tx, actor=_ACTOR, now=now, port=port, synonyms=known, post_id=post_id
        ),
    )
