"""What the catalogue is ordered by is counted as it changes, and asked for without reading it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from catalog.formats.ckan import GROUP, ORGANISATION, name_of
from catalog.formats.ckan_query import LABEL_ORDERS, Asked, AskedLabels
from catalog.kernel.actor import PUBLIC, Actor, NotPermitted, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.products import imports
from catalog.products.operations import importing
from market.jobs import add_up_labels
from market.public_catalogue import operations
from market.public_catalogue.queries import labels, lists

IMPORTER: Actor = system("import", "product:import")
MANY = 100_000


def record(number: int, **changes: Any) -> bytes:
    said = {
        "id": f"{number}",
        "title": f"港口 {number}",
        "source": "a",
        "publisher": ("某港务局", "另一港务局")[number % 2],
        "theme": ("交通", "气象", "")[number % 3],
        "format": ("csv", "CSV", "")[number % 3],
        "keywords": ["港口", f"k{number % 4}", "", "长" * 101],
    }
    return json.dumps(said | changes).encode()


async def take(db: Database, now: dt.datetime, lines: Sequence[bytes]) -> None:
    batch = [imports.read_line(1, line) for line in lines]

    async def put(tx: Tx) -> Any:
        return await importing.import_batch(tx, actor=IMPORTER, now=now, batch=batch)

    await run(db, IMPORTER, put)


async def told(db: Database) -> dict[str, dict[str, int]]:
    asked = AskedLabels(limit=1000)
    async with begin(db, PUBLIC) as tx:
        return {
            kind: {each.value: each.count for each in await labels.list_labels(tx, kind, asked)}
            for kind in (ORGANISATION, GROUP, labels.TAG, labels.FORMAT, "all")
        }


async def counted_anew(db: Database) -> dict[str, dict[str, int]]:
    """Count the documents themselves."""
    found: dict[str, Counter[str]] = {
        kind: Counter() for kind in (ORGANISATION, GROUP, labels.TAG, labels.FORMAT, "all")
    }
    async with begin(db, PUBLIC) as tx:
        for row in await tx.fetch(
            "SELECT supplier_name, theme, keywords, format FROM catalog.product_documents"
        ):
            found["all"][""] += 1
            found[ORGANISATION].update([row["supplier_name"]] if row["supplier_name"] else [])
            found[GROUP].update([row["theme"]] if row["theme"] else [])
            found[labels.TAG].update(row["keywords"])
            found[labels.FORMAT].update([row["format"].upper()] if row["format"] else [])
    return {kind: dict(counts) for kind, counts in found.items()}


async def test_counts_follow_what_comes_changes_and_goes_before_and_after_they_are_added_up(
    db: Database, now: dt.datetime
) -> None:
    await take(db, now, [record(n) for n in range(12)])
    first = await told(db)
    assert first == await counted_anew(db)
    assert first["all"] == {"": 12}
    assert first[labels.TAG]["港口"] == 12
    assert "长" * 101 not in first[labels.TAG]

    assert await add_up_labels.run(db) > 0
    assert await add_up_labels.run(db) == 0
    assert await told(db) == first

    changed = {"publisher": "第三港务局", "theme": "气象", "keywords": ["改", "港口"]}
    await take(db, now, [record(n, **changed) for n in range(6)])

    async def withdraw(tx: Tx) -> int:
        return await importing.withdraw_imported(
            tx, actor=IMPORTER, now=now, source="a", source_ids=["11", "10"], reason="不再公开"
        )

    await run(db, IMPORTER, withdraw)
    then = await told(db)
    assert then == await counted_anew(db)
    assert (then["all"], then[ORGANISATION]["第三港务局"]) == ({"": 10}, 6)

    await add_up_labels.run(db)
    assert await told(db) == then
    async with begin(db, PUBLIC) as tx:
        gone = "SELECT count(*) FROM market.catalogue_labels WHERE count = 0"
        assert await tx.fetch_value(gone) == 0


async def test_a_label_is_known_by_its_name_before_and_after_it_is_added_up(
    db: Database, now: dt.datetime
) -> None:
    name = name_of(ORGANISATION, "某港务局")
    for _ in range(2):
        await take(db, now, [record(n) for n in range(4)])
        async with begin(db, PUBLIC) as tx:
            found = await labels.find_collection(tx, ORGANISATION, name=name)
            nobody = await labels.find_collection(tx, GROUP, name=name)
        assert (found is not None and found.count, nobody) == (2, None)
        await add_up_labels.run(db)


async def test_labels_come_in_the_order_that_is_asked_for(db: Database, now: dt.datetime) -> None:
    await take(db, now, [record(n, publisher=("甲", "乙", "乙", "丙")[n]) for n in range(4)])

    async with begin(db, PUBLIC) as tx:
        found = {
            order: [
                each.value
                for each in await labels.list_labels(
                    tx, ORGANISATION, AskedLabels(order=order, limit=10)
                )
            ]
            for order in LABEL_ORDERS
        }
        some = await labels.list_labels(
            tx, ORGANISATION, AskedLabels(limit=1, start=1, names=(name_of(ORGANISATION, "甲"),))
        )

    assert some == []
    assert found["title desc"] == found["title asc"][::-1] == sorted("甲乙丙", reverse=True)
    by_name = sorted("甲乙丙", key=lambda title: name_of(ORGANISATION, title))
    assert found["name desc"] == found["name asc"][::-1] == by_name[::-1]
    assert (found["package_count desc"][0], found["package_count asc"][-1]) == ("乙", "乙")


async def test_those_who_write_do_not_wait_for_each_other_nor_for_who_adds_up(
    db: Database, now: dt.datetime
) -> None:
    async def one(number: int) -> None:
        await take(db, now, [record(number * 10 + n, publisher="某港务局") for n in range(5)])
        await add_up_labels.run(db)

    async with begin(db, IMPORTER) as tx:  # it holds on to what it wrote
        batch = [imports.read_line(1, record(1000, publisher="某港务局"))]
        await importing.import_batch(tx, actor=IMPORTER, now=now, batch=batch)
        await asyncio.wait_for(asyncio.gather(*(one(n) for n in range(8))), 20)
        assert (await told(db))[ORGANISATION] == {"某港务局": 40}

    await add_up_labels.run(db)
    assert (await told(db))[ORGANISATION] == {"某港务局": 41}


async def test_nobody_adds_up_but_the_job(db: Database) -> None:
    async with begin(db, PUBLIC) as tx:
        with pytest.raises(NotPermitted):
            await operations.add_up_labels(tx, actor=PUBLIC)


# ── a large catalogue ───────────────────────────────────────────────────────────────────────


@pytest.fixture
async def large(owner_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A catalogue of a hundred thousand: of 500 publishers, one of whom has a tenth of it."""
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute("SET session_replication_role = replica")  # neither triggers nor keys
    for index in ("product_documents_terms", "product_documents_newest"):
        await owner.execute(f"DROP INDEX catalog.{index}")
    await owner.execute(
        f"""
        INSERT INTO catalog.product_documents (
            product_id, name, supplier_name, summary, theme, format, keywords, published_at, terms)
        SELECT gen_random_uuid(), n::text,
               CASE WHEN n % 10 = 0 THEN '大局' ELSE '局' || n % 499 END, repeat('数', 160),
               '主题' || n % 20, 'csv', ARRAY['港口', 'k' || n % 3000],
               timestamptz '2026-01-01' + n * interval '1 second', ''
          FROM generate_series(1, {MANY}) AS n"""
    )
    await owner.execute(
        f"""
        INSERT INTO market.catalogue_labels (kind, value, count)
        SELECT 'tag', 'k' || n, {MANY} / 3000 FROM generate_series(0, 2999) AS n
         UNION ALL SELECT 'organization', '局' || n, 180 FROM generate_series(0, 498) AS n
         UNION ALL VALUES ('organization', '大局', 10000), ('tag', '港口', {MANY}), ('all', '', {MANY})"""
    )
    await owner.execute(
        "CREATE INDEX product_documents_newest"
        " ON catalog.product_documents (place DESC, product_id DESC)"
    )
    await owner.execute("ANALYZE catalog.product_documents")
    await owner.execute("ANALYZE market.catalogue_labels")
    yield owner
    await owner.close()


class Explained:
    """A transaction whose statements are run with their plans looked at."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.read = 0  # rows that came out of the documents, whether they were kept or not

    async def fetch(self, sql: str, *args: Any) -> Any:
        (plan,) = await self._tx.fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
        self._look(plan["Plan"])
        return await self._tx.fetch(sql, *args)

    async def fetch_one(self, sql: str, *args: Any) -> Any:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, *args: Any) -> Any:
        row = await self.fetch_one(sql, *args)
        return None if row is None else row[0]

    def _look(self, node: dict[str, Any]) -> None:
        place = f"{node.get('Relation Name', '')} {node.get('Index Name', '')}"
        if "product_documents" in place:
            lost = node.get("Rows Removed by Filter", 0) + node.get(
                "Rows Removed by Index Recheck", 0
            )
            self.read += (node["Actual Rows"] + lost) * node["Actual Loops"]
        for inner in node.get("Plans", []):
            self._look(inner)


@pytest.mark.timeout(180)
async def test_no_list_of_labels_reads_the_documents(
    db: Database, large: asyncpg.Connection[Any]
) -> None:
    async with begin(db, PUBLIC) as tx:
        asking: Any = Explained(tx)
        tags = await labels.list_labels(asking, labels.TAG, AskedLabels(limit=100_000))
        found = await labels.list_labels(asking, labels.TAG, AskedLabels(like="K29", limit=9))
        whole = await labels.list_labels(asking, ORGANISATION, AskedLabels(limit=1000))
        big = await labels.find_collection(asking, ORGANISATION, name=name_of(ORGANISATION, "大局"))
        count = await labels.count_label(asking, labels.TAG, "k7")
        every = await labels.count_products(asking)

    assert asking.read == 0
    assert (len(tags), len(found), len(whole)) == (3001, 9, 500)
    assert (big is not None and big.count, count, every) == (10_000, 33, MANY)


@pytest.mark.timeout(180)
async def test_what_has_a_label_is_found_without_reading_what_has_it_not(
    db: Database, large: asyncpg.Connection[Any]
) -> None:
    for kind, value, count in (
        (labels.TAG, "k7", 34),
        (labels.TAG, "港口", 50),
        (ORGANISATION, "大局", 50),
        (GROUP, "主题3", 50),
    ):
        async with begin(db, PUBLIC) as tx:
            asking: Any = Explained(tx)
            found = await labels.list_ids_with(asking, kind, value, limit=50)

        assert len(found) == count, value
        assert asking.read <= 200, value


@pytest.mark.timeout(180)
async def test_a_search_without_words_counts_nothing_that_is_counted_already(
    db: Database, large: asyncpg.Connection[Any]
) -> None:
    for filters, total in (({}, MANY), ({"tags": "k7"}, 33), ({"tags": "港口"}, MANY)):
        async with begin(db, PUBLIC) as tx:
            asking: Any = Explained(tx)
            asked = Asked(rows=0, filters=filters, facets=("tags", "organization"), facet_values=2)
            if filters:
                asked = Asked(rows=0, filters=filters)
            found = await lists.find_products(asking, asked)

        assert found.total == total
        assert asking.read <= 200
