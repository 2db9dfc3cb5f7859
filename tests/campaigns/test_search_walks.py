"""Walk through a catalogue by cursor while a tenth of it changes: what stays is met once.

``CAMPAIGN_PRODUCTS`` (how many), ``CAMPAIGN_SEED``. Between two pages products are changed, taken back and added,
an index follows or not, and is made anew beside the walk.
"""

from __future__ import annotations

import collections
import datetime as dt
import os
import pathlib
import random

import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.db import Database, begin
from catalog.products import imports
from catalog.products.operations import importing
from catalog.search import queries
from catalog.search.disk.reading import TantivyIndex
from catalog.search.model import Found, Sort
from catalog.search.operations import Follower

PRODUCTS = int(os.environ.get("CAMPAIGN_PRODUCTS", "3000"))
SEED = int(os.environ.get("CAMPAIGN_SEED", "1"))
PAGE = 50
IMPORTER = system("import", "product:import")
WORDS = ("港口", "气象", "观测", "水位", "机场", "旅馆")

pytestmark = [pytest.mark.campaign]


def record(number: int, chance: random.Random) -> imports.Prepared:
    title = f"{' '.join(chance.sample(WORDS, 2))} n{number}"
    told = {"id": str(number), "title": title, "source": "示例", "description": " ".join(WORDS[:3])}
    prepared = imports.read_line(1, msgspec.json.encode(told))
    assert isinstance(prepared, imports.Prepared)
    return prepared


class Catalogue:
    """What is written while others walk."""

    def __init__(self, db: Database, index: TantivyIndex, now: dt.datetime, seed: int) -> None:
        self.db, self.now = db, now
        self.index = index
        self.follower = Follower(db, index)
        self.chance = random.Random(seed)
        self.touched: set[str] = set()
        self.next = PRODUCTS

    async def write(self, *numbers: int) -> None:
        batch = [record(number, self.chance) for number in numbers]
        async with begin(self.db, IMPORTER) as tx:
            await importing.import_batch(tx, actor=IMPORTER, now=self.now, batch=batch)

    async def change(self, count: int) -> None:
        """Change, take back or add so many, then let the index follow or not."""
        for _ in range(count):
            number = self.chance.randrange(PRODUCTS)
            self.touched.add(str(number))
            kind = self.chance.random()
            if kind < 0.2:
                await self.write(self.next)
                self.next += 1
            elif kind < 0.8:
                await self.write(number)
            else:
                async with begin(self.db, IMPORTER) as tx:
                    await importing.withdraw_imported(
                        tx,
                        actor=IMPORTER,
                        now=self.now,
                        source="示例",
                        source_ids=[str(number)],
                        reason="示例",
                    )
        if self.chance.random() < 0.5:
            await self.follower.follow(now=self.now)
        if self.chance.random() < 0.05:
            await Follower(self.db, self.index).rebuild()

    async def ask(
        self, text: str, sort: Sort, cursor: str | None, port: TantivyIndex | None
    ) -> Found:
        async with begin(self.db, PUBLIC, late=True) as tx:
            return await queries.search(
                tx, port=port, text=text, sort=sort, limit=PAGE, cursor=cursor
            )


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("", Sort.NEWEST),
        ("", Sort.OLDEST),
        ("港口", Sort.NEWEST),
        ("港口", Sort.RELEVANCE),
        ("港口 气象", Sort.RELEVANCE),
        ("机场 旅馆 没有这个词", Sort.RELEVANCE),
    ],
)
async def test_a_walk_meets_once_whatever_stays(
    db: Database, now: dt.datetime, tmp_path: pathlib.Path, text: str, sort: Sort
) -> None:
    catalogue = Catalogue(db, TantivyIndex(tmp_path), now, SEED)
    for first in range(0, PRODUCTS, 500):
        await catalogue.write(*range(first, min(first + 500, PRODUCTS)))
    await catalogue.follower.rebuild()
    whole: set[str] = set()
    cursor: str | None = None
    while True:
        page = await catalogue.ask(text, sort, cursor, catalogue.index)
        whole |= {str(hit.source_id) for hit in page.items}
        cursor = page.next_cursor
        if cursor is None:
            break
    met: collections.Counter[str] = collections.Counter()
    pages = len(whole) // PAGE + 1
    share = max(PRODUCTS // 10 // pages, 1)

    while True:
        page = await catalogue.ask(text, sort, cursor, catalogue.index)
        met.update(str(hit.source_id) for hit in page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
        await catalogue.change(share)

    catalogue.follower.close()
    stayed = whole - catalogue.touched
    print(
        f"\n{text!r} {sort}: {pages} pages, {len(stayed)} stayed, {len(catalogue.touched)} touched"
    )
    assert {number for number in stayed if met[number] > 1} == set()
    assert stayed - met.keys() == set()
