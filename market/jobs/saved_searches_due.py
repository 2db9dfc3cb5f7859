"""Look what is new in saved searches, and tell their owners (保存的检索、通知).

One transaction per search: what was found, that it was told, and the message, or nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.thesaurus.queries import Book
from market.saved_searches import operations, queries

BATCH: Final = 200
_ACTOR: Final = system("saved_searches_due", "search:look")


async def run(db: Database, *, now: dt.datetime, synonyms: Book) -> int:
    """Look into the searches that are due; return how many products were told of."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
    told = 0
    for saved_search_id in due:
        once = functools.partial(_look, now=now, synonyms=synonyms, saved_search_id=saved_search_id)
        told += await database.run(db, _ACTOR, once, must_remember=False)
    return told


async def _look(tx: Tx, *, now: dt.datetime, synonyms: Book, saved_search_id: uuid.UUID) -> int:
    return await synonyms.answered(
        tx,
        lambda known: operations.look(
            tx, actor=_ACTOR, now=now, synonyms=known, saved_search_id=saved_search_id
        ),
    )
