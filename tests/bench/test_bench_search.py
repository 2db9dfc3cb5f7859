"""How well and how fast the real catalogue is searched, against pg_trgm. Prints; asserts the share found."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, begin
from catalog.search import queries as search
from market.cli.import_ import import_file

FILE = pathlib.Path("../shared/data/catalog_open.jsonl.gz")
QUESTIONS = pathlib.Path("../shared/data/known_items_dev.jsonl")
LEAST_FOUND = 0.75

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not FILE.exists(), reason=f"{FILE} is not here"),
]

Ask = Callable[[str], Awaitable[list[str | None]]]


async def test_known_items_are_found(db: Database, owner_dsn: str) -> None:
    await import_file(db, FILE, quiet=True)
    items = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute("ANALYZE catalog.product_documents")
        await owning.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        await owning.execute(
            "CREATE TABLE trigrams AS SELECT source_id,"
            " name || ' ' || (imported->>'description') AS text FROM catalog.products"
        )
        await owning.execute("CREATE INDEX ON trigrams USING gin (text gin_trgm_ops)")

        async def trigrams(text: str) -> list[str | None]:
            rows = await owning.fetch(
                "SELECT source_id FROM trigrams WHERE text ILIKE ALL($1::text[])"
                " ORDER BY word_similarity($2, text) DESC LIMIT 10",
                [f"%{word}%" for word in text.split()],
                text,
            )
            return [row["source_id"] for row in rows]

        async with begin(db, PUBLIC) as tx:

            async def ours(text: str) -> list[str | None]:
                found = await search.search(tx, text=text, limit=10)
                return [hit.source_id for hit in found.items]

            results = {
                ("ours", "query"): await _ask(ours, items, "query"),
                ("ours", "query_noisy"): await _ask(ours, items, "query_noisy"),
                ("pg_trgm", "query"): await _ask(trigrams, items[:100], "query"),
                ("pg_trgm", "query_noisy"): await _ask(trigrams, items[:100], "query_noisy"),
            }
    finally:
        await owning.close()
    for (engine, kind), (recall, reciprocal, times) in results.items():
        print(
            f"\n{engine:8} {kind:12} R@10 {recall:.3f} MRR {reciprocal:.3f}"
            f" p50 {times[len(times) // 2] * 1000:.1f} ms"
            f" p90 {times[len(times) * 9 // 10] * 1000:.1f} ms"
            f" p99 {times[len(times) * 99 // 100] * 1000:.1f} ms",
            end="",
        )
    ratio = results["pg_trgm", "query"][2][50] / results["ours", "query"][2][len(items) // 2]
    print(f"\npg_trgm takes {ratio:.1f} times as long at the median (no facets, no counts)")
    assert results["ours", "query"][0] >= LEAST_FOUND
    assert results["ours", "query_noisy"][0] >= LEAST_FOUND


async def _ask(
    ask: Ask, items: list[dict[str, str]], kind: str
) -> tuple[float, float, list[float]]:
    found, reciprocal, times = 0, 0.0, []
    for item in items:
        started = monotonic()
        answer = await ask(item[kind])
        times.append(monotonic() - started)
        if item["target"] in answer:
            found += 1
            reciprocal += 1 / (answer.index(item["target"]) + 1)
    return found / len(items), reciprocal / len(items), sorted(times)
