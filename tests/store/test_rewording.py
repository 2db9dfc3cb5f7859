"""Documents that were cut by other rules are cut anew, batch by batch, and found by the new words."""

from __future__ import annotations

import datetime as dt
import uuid

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.db import Database, begin
from catalog.kernel.errors import Forbidden
from catalog.products.operations import rewording
from catalog.search import queries
from tests.makers_products import make_description
from tests.store.test_search import RECORDS, import_records
from tests.store.test_search_filters import publish

REWORDER = system("search", "document:reword")
READING = "SELECT product_id, terms::text FROM catalog.product_documents ORDER BY product_id"


async def reword_all(db: Database, *, limit: int) -> tuple[int, int, int]:
    after: uuid.UUID | None = None
    batches = looked_at = changed = 0
    while True:
        async with begin(db, REWORDER) as tx:
            done = await rewording.reword(tx, actor=REWORDER, after=after, limit=limit)
        batches, looked_at, changed = (
            batches + 1,
            looked_at + done.looked_at,
            changed + done.changed,
        )
        if done.last is None:
            return batches, looked_at, changed
        after = done.last


async def test_old_words_become_those_of_today_and_a_second_walk_changes_nothing(
    db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    await import_records(db, now, RECORDS)
    await publish(db, now, make_description())
    owner = await asyncpg.connect(owner_dsn)
    try:
        of_today = await owner.fetch(READING)
        await owner.execute("UPDATE catalog.product_documents SET terms = '''旧词'':1A'")

        assert await reword_all(db, limit=3) == (3, len(RECORDS) + 1, len(RECORDS) + 1)
        assert await owner.fetch(READING) == of_today
        assert await reword_all(db, limit=100) == (1, len(RECORDS) + 1, 0)
    finally:
        await owner.close()
    async with begin(db, PUBLIC) as tx:
        assert (await queries.search(tx, text="旧词")).items == []
        assert (await queries.search(tx, text="集装箱")).items[0].source_id == "3"


async def test_nobody_rewords_without_the_permission(db: Database) -> None:
    async with begin(db, PUBLIC) as tx:
        with pytest.raises(Forbidden):
            await rewording.reword(tx, actor=PUBLIC, after=None, limit=1)
