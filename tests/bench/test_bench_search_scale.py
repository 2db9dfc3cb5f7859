"""How fast perturbed catalogues of several sizes are searched, beside tuned PostgreSQL; prints.

``BENCH_SIZES`` (documents, by commas), ``BENCH_PAGES`` (different pages), ``BENCH_SECONDS`` (of asking by
two processes). For the figures of the goals, in a quiet hour:

    BENCH_SIZES=100000,1000000 BENCH_PAGES=800 pytest -s -m bench tests/bench/test_bench_search_scale.py

Cold is a page that nobody asked before since the index was committed; kept are the same pages again.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import sys
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, begin
from catalog.products import terms
from catalog.search import queries
from catalog.search.disk.reading import TantivyIndex
from catalog.search.operations import Follower
from tests.bench import pages, perturbed
from tests.conftest import TestServer

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "20000").split(",")]
PAGES = int(os.environ.get("BENCH_PAGES", "200"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
# Of PostgreSQL so many pages are asked: at a million one takes a fifth of a second.
PEER_PAGES = min(PAGES, 120)
WRITES = 300
_FACETS = ("form", "industry", "region", "level", "update_cycle", "supplier_name")

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not perturbed.FILE.exists(), reason=f"{perturbed.FILE} is not here"),
]
_p99: dict[int, float] = {}


def told(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    at = {p: ordered[min(len(ordered) * p // 100, len(ordered) - 1)] for p in (50, 90, 99)}
    return (
        f"{name:26} n={len(ordered)} mean {sum(ordered) / len(ordered):7.2f} ms"
        f"  p50 {at[50]:7.2f}  p90 {at[90]:7.2f}  p99 {at[99]:7.2f}"
    )


@pytest.mark.parametrize("size", SIZES)
async def test_pages_of_a_perturbed_catalogue(
    server: TestServer, db: Database, database_name: str, tmp_path: pathlib.Path, size: int
) -> None:
    started = monotonic()
    await perturbed.load(server.dsn(database_name), tmp_path, count=size)
    print(f"\n{size} documents loaded in {monotonic() - started:.0f} s")
    owner = await asyncpg.connect(server.dsn(database_name), command_timeout=None)
    index = TantivyIndex(tmp_path / "search")
    try:
        await Follower(db, index).rebuild()
        await rebuild_while_serving(db, index, owner)
        ours = await by_two_processes(server.dsn(database_name, "ROLE"), index.directory, size)
        theirs = await by_postgresql(owner)
        print(f"PostgreSQL takes {theirs / ours:.0f} times as long a page on a core")
        await write_cost(owner)
    finally:
        await owner.close()
    if len(_p99) == len(SIZES) > 1:
        small, *_, large = (_p99[each] for each in sorted(_p99))
        print(f"p99 grows {large / small:.1f} times from {min(SIZES)} to {max(SIZES)}")


async def rebuild_while_serving(
    db: Database, index: TantivyIndex, owner: asyncpg.Connection
) -> None:
    asked = await pages.make(owner, PAGES, seed=2)
    started = monotonic()
    building = asyncio.create_task(Follower(db, index).rebuild())
    times: list[float] = []
    while not building.done():
        page = asked[len(times) % len(asked)]
        at = monotonic()
        async with begin(db, PUBLIC, late=True) as tx:
            await queries.search(tx, port=index, text=page.text, filters=page.narrowed, limit=20)
        times.append(1000 * (monotonic() - at))
        await asyncio.sleep(0.1)
    count = await building
    print(f"rebuilt {count} while serving in {monotonic() - started:.1f} s")
    print(told("meanwhile", times))


async def by_two_processes(dsn: str, directory: pathlib.Path, size: int) -> float:
    """Print the times of two processes that ask at once; return the milliseconds of a core per page."""
    pipe = asyncio.subprocess.PIPE
    askers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.search_asker", dsn, str(directory), str(SECONDS),
            str(seed), str(PAGES), stdin=pipe, stdout=pipe, limit=1 << 26,
        )
        for seed in (11, 12)
    ]  # fmt: skip
    for asker in askers:
        assert asker.stdout is not None
        assert (await asker.stdout.readline()).strip() == b"ready"
    answers: list[dict[str, Any]] = []
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write(b"go\n")
    for asker in askers:
        assert asker.stdout is not None
        answers.append(json.loads(await asker.stdout.readline()))
        await asker.wait()
    for kind in ("cold", "kept"):
        for how, name in (("times", kind), ("busy", f"{kind}, CPU")):
            print(told(f"two processes, {name}", [t for each in answers for t in each[how][kind]]))
    kept = sorted(t for each in answers for t in each["times"]["kept"])
    _p99[size] = kept[len(kept) * 99 // 100]
    rate = sum(each["rate"] for each in answers)
    cold = sum(1000 * len(each) / sum(each) for each in (a["times"]["cold"] for a in answers))
    print(f"{rate:.0f} kept pages a second by two processes, {cold:.0f} cold ones")
    print(f"memory {[a['memory'] for a in answers]} MB")
    return 2000 / rate


async def by_postgresql(owner: asyncpg.Connection) -> float:
    """Ask PostgreSQL as well as it can: GIN, its own plan for each question, one pass for the facets."""
    await owner.execute("SET plan_cache_mode = force_custom_plan")
    times = []
    for page in (await pages.make(owner, PEER_PAGES, seed=11))[:PEER_PAGES]:
        words = " & ".join(map(terms.quoted, dict.fromkeys(terms.cut(page.text)))) or None
        where, values = "($1::text IS NULL OR terms @@ $1::text::tsquery)", [words]
        for name, value in page.filters.items():
            column = "industry_codes @> ARRAY[$2]" if name == "industry" else f"{name} = $2"
            where, values = f"{where} AND {column}", [words, value]
        started = monotonic()
        await owner.fetch(
            f"SELECT product_id, name, summary FROM catalog.product_documents WHERE {where}"
            " ORDER BY CASE WHEN $1 IS NULL THEN 0 ELSE ts_rank_cd(terms, $1::text::tsquery) END"
            " DESC, place DESC LIMIT 20"
            if words
            else f"SELECT product_id, name, summary FROM catalog.product_documents WHERE {where}"
            " ORDER BY place DESC, product_id DESC LIMIT 20",
            *values,
        )
        sets = ", ".join(f"({facet})" for facet in _FACETS)
        await owner.fetch(
            f"SELECT {', '.join(_FACETS)}, count(*) FROM catalog.product_documents"
            f" WHERE {where} GROUP BY GROUPING SETS ({sets}, ())",
            *values,
        )
        times.append(1000 * (monotonic() - started))
    print(told("PostgreSQL, tuned", times))
    return sum(times) / len(times)


async def write_cost(owner: asyncpg.Connection) -> None:
    """Compare updates of a document with those that nobody follows, in turns."""
    ids = [
        row["product_id"]
        for row in await owner.fetch(
            "SELECT product_id FROM catalog.product_documents ORDER BY place LIMIT $1", WRITES
        )
    ]
    took = {"origin": 0.0, "replica": 0.0}
    for number, product_id in enumerate(ids * 2):
        # As a replica no trigger fires: the row and its indexes alone.
        how = ("origin", "replica")[(number + number // WRITES) % 2]
        await owner.execute(f"SET session_replication_role = {how}")
        started = monotonic()
        await owner.execute(
            "UPDATE catalog.product_documents SET summary = summary || '.' WHERE product_id = $1",
            product_id,
        )
        took[how] += monotonic() - started
    ratio = took["origin"] / took["replica"]
    print(
        f"a followed update takes {ratio:.2f} times a bare one, {1000 * took['origin'] / WRITES:.2f} ms"
    )
