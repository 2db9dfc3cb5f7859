"""How long it takes to find what fits a demand in a large catalogue, beside the search alone and tuned PostgreSQL; prints.

``BENCH_SIZES`` (products, by commas), ``BENCH_DEMANDS`` (different demands). The figure of the goal:

    BENCH_SIZES=100000 pytest -s -m bench tests/bench/test_bench_matching.py

Each demand is a title of the catalogue with all else that a buyer may ask. Cold is the first time that a
demand is asked; the three are asked in turn, so that whatever else the machine does meets all of them.
As in ``market serve``, what is loaded once is no business of the garbage collector: else two or three of a
hundred demands wait 200 ms while it walks through all that the tests have imported.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import pathlib

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId, new_id
from catalog.products import terms
from catalog.products.model import DeliveryMode, Form, UpdateCycle
from catalog.search import queries as search
from catalog.search.disk.reading import TantivyIndex
from catalog.search.operations import Follower
from catalog.thesaurus.synonyms import NO_SYNONYMS
from market.demand_posts.model import DemandAsked
from market.demand_posts.operations import matching
from market.pricing.model import UseCategory
from tests.bench import perturbed
from tests.bench.test_bench_search_scale import told
from tests.conftest import TestServer

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "20000").split(",")]
DEMANDS = int(os.environ.get("BENCH_DEMANDS", "100"))
_NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not perturbed.FILE.exists(), reason=f"{perturbed.FILE} is not here"),
]


def _demand(title: str) -> DemandAsked:
    return DemandAsked(
        title=title[:200],
        description="需要近五年数据。",
        purpose="行业分析",
        use_category=UseCategory.INDUSTRIAL_DEVELOPMENT,
        forms=(Form.DATASET, Form.DATA_API),
        industry="G",
        region_code="4601",
        delivery_modes=(DeliveryMode.DATASET_PRODUCT, DeliveryMode.API_CALL),
        update_cycle=UpdateCycle.MONTHLY,
        budget_fen=100_000,
        wanted_from=_NOW.date(),
        wanted_to=_NOW.date() + dt.timedelta(days=365),
        offers_until=_NOW + dt.timedelta(days=20),
    )


@pytest.mark.parametrize("size", SIZES)
async def test_matching_a_demand_against_a_large_catalogue(
    server: TestServer, db: Database, database_name: str, tmp_path: pathlib.Path, size: int
) -> None:
    await perturbed.load(server.dsn(database_name), tmp_path, count=size)
    owner = await asyncpg.connect(server.dsn(database_name), command_timeout=None)
    index = TantivyIndex(tmp_path / "search")
    try:
        await Follower(db, index).rebuild()
        titles = [
            row["name"]
            for row in await owner.fetch(
                "SELECT name FROM catalog.product_documents ORDER BY md5(product_id::text) LIMIT $1",
                DEMANDS,
            )
        ]
        ours, alone, theirs, found = [], [], [], 0
        gc.collect()
        gc.freeze()
        for title in titles:
            found += await _ours(db, index, title, ours)
            await _search_alone(db, index, title, alone)
            await _postgresql(owner, title, theirs)
    finally:
        gc.unfreeze()
        await owner.close()
    print(f"\n{size} products, {found / len(titles):.1f} matches a demand")
    print(told("matching a demand", ours))
    print(told("the search alone", alone))
    print(told("PostgreSQL, full text", theirs))
    print(f"matching takes {sum(ours) / sum(alone):.2f} times the search, "
          f"{sum(ours) / sum(theirs):.2f} times PostgreSQL")  # fmt: skip
    assert found


async def _ours(db: Database, index: TantivyIndex, title: str, times: list[float]) -> int:
    asked, buyer = _demand(title), PartyId(new_id())
    async with begin(db, system("bench")) as tx:
        started = monotonic()
        found = await matching.find_best(
            tx, asked=asked, buyer=buyer, port=index, synonyms=NO_SYNONYMS
        )
        times.append(1000 * (monotonic() - started))
    return len(found)


async def _search_alone(db: Database, index: TantivyIndex, title: str, times: list[float]) -> None:
    async with begin(db, system("bench")) as tx:
        started = monotonic()
        await search.search(
            tx, port=index, text=title[:200], synonyms=NO_SYNONYMS, limit=search.MAX_LIMIT
        )
        times.append(1000 * (monotonic() - started))


async def _postgresql(owner: asyncpg.Connection, title: str, times: list[float]) -> None:
    """Ask PostgreSQL for a hundred products with any of the words, the best first, and their facts."""
    words = " | ".join(map(terms.quoted, dict.fromkeys(terms.cut(title[:200])))) or None
    started = monotonic()
    await owner.fetch(
        """
        SELECT d.product_id, d.name, d.form, d.region_codes, d.level, d.update_cycle, d.price_fen,
               d.industry_codes, p.supplier_party_id, ts_rank_cd(d.terms, $1::text::tsquery) AS rank
          FROM catalog.product_documents d JOIN catalog.products p ON p.id = d.product_id
         WHERE d.terms @@ $1::text::tsquery
         ORDER BY rank DESC, d.place DESC LIMIT 100""",
        words,
    )
    times.append(1000 * (monotonic() - started))
