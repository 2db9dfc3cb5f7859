"""Many products are written by few statements, and each is remembered as a single one is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.audit_log import queries as log
from catalog.kernel.db import Database, Tx, begin
from catalog.products.bulk import Became, Said
from catalog.products.model import Item, ItemType, OriginPath, Product, SharingType
from catalog.products.operations.describing_many import Done, describe_many
from catalog.products.store import products
from tests.makers_products import make_actor, make_description, make_source

SUPPLIER = make_actor("product:describe")


async def describe(
    tx: Tx, now: dt.datetime, rows: list[Said], *, is_draft: bool = False, is_dry_run: bool = False
) -> list[Done]:
    return await describe_many(
        tx,
        actor=SUPPLIER,
        now=now,
        supplier_name="示例数据科技有限公司",
        rows=rows,
        is_draft=is_draft,
        is_dry_run=is_dry_run,
    )


def said(number: int, **changes: Any) -> Said:
    return Said(f"p-{number}", make_description(name=f"指数 {number}", **changes))


async def standing(tx: Tx, number: int) -> Product:
    found = await products.lock_by_references(tx, SUPPLIER.party, [f"p-{number}"])
    return found[f"p-{number}"]


class Counting:
    """A connection that counts what is sent over it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        self.sent += 1
        return getattr(self._connection, name)


@pytest.mark.parametrize(
    "changes", [{}, {"keywords": ("改",), "sources": (make_source(name="新"),)}]
)
async def test_a_hundred_take_as_many_statements_as_ten(
    db: Database, now: dt.datetime, changes: dict[str, Any]
) -> None:
    sent = []
    for count in (10, 100):
        async with begin(db, SUPPLIER) as tx:
            if changes:  # they stand there already, and each is revised
                await describe(tx, now, [said(n) for n in range(count)])
            connection = Counting(tx._connection)
            counted = Tx(connection, SUPPLIER)
            done = await describe(counted, now, [said(n, **changes) for n in range(count)])
            sent.append(connection.sent)
            assert counted.remembered == count
            wanted = Became.REVISED if changes else Became.CREATED
            assert {each.became for each in done} == {wanted}
            await tx.execute("ROLLBACK; BEGIN")

    assert sent[0] == sent[1] < 40


async def test_each_of_many_has_its_entry_its_version_and_what_follows_from_it(
    db: Database, now: dt.datetime
) -> None:
    items = (Item(name="hour", title="小时", type=ItemType.DATETIME),)
    async with begin(db, SUPPLIER) as tx:
        first = await describe(tx, now, [said(n, items=items) for n in range(3)])
    async with begin(db, SUPPLIER) as tx:
        rows = [said(0, items=items), said(1, sources=(make_source(name="新"),)), said(3)]
        then = await describe(tx, now, rows)

    assert [each.became.value for each in then] == ["unchanged", "revised", "created"]
    ids = [str(each.product_id) for each in (*first, then[2])]
    async with begin(db, SUPPLIER) as tx:
        told = {
            product_id: [
                entry.event
                for entry in await log.list_entries_about_any(
                    tx, SUPPLIER, [f"product:{product_id}"], limit=10
                )
            ]
            for product_id in ids
        }
        read = {
            table: [tuple(row) for row in await tx.fetch(
                f"SELECT {columns} FROM catalog.{table} WHERE product_id = $1 ORDER BY 1", first[1].product_id
            )]
            for table, columns in (
                ("product_revisions", "version, name"),
                ("product_sources", "place, name"),
                ("product_items", "place, name"),
                ("product_classifications", "number, product_version"),
            )
        }  # fmt: skip
    assert list(told.values()) == [
        ["product:described"],
        ["product:described", "product:revised"],
        ["product:described"],
        ["product:described"],
    ]
    assert read == {
        "product_revisions": [(1, "指数 1"), (2, "指数 1")],
        "product_sources": [(1, "新")],
        "product_items": [],
        "product_classifications": [(1, 1)],
    }


async def test_what_a_row_is_made_from_counts_for_the_rows_behind_it(
    db: Database, now: dt.datetime
) -> None:
    shared = {"sharing_type": SharingType.UNCONDITIONAL}

    def made_from(product: Product) -> dict[str, Any]:
        source = make_source(resource_id=product.id, is_supermarket_resource=True)
        return {
            "origin_path": OriginPath.SUPERMARKET_RESOURCE,
            "substantive_processing": "重算",
            "innovative_labour": "建模",
            "sources": (source,),
            **shared,
        }

    async with begin(db, SUPPLIER) as tx:
        await describe(tx, now, [said(n, **shared) for n in range(2)])
    async with begin(db, SUPPLIER) as tx:
        one, two = [await standing(tx, n) for n in range(2)]
        done = await describe(tx, now, [said(0, **made_from(two)), said(1, **made_from(one))])

    assert [each.became.value for each in done] == ["revised", "refused"]
    assert [each.code for each in done[1].refusals] == ["source_circular"]


async def test_a_trial_of_many_writes_nothing(db: Database, now: dt.datetime) -> None:
    async with begin(db, SUPPLIER) as tx:
        await describe(tx, now, [said(0)])
    async with begin(db, SUPPLIER) as tx:
        rows = [said(0, keywords=("改",)), said(1)]
        done = await describe(tx, now, rows, is_dry_run=True)
        found = await standing(tx, 0)
        count = await tx.fetch_value("SELECT count(*) FROM catalog.products")

    assert [each.became.value for each in done] == ["revised", "created"]
    assert (done[1].product_id, tx.remembered, found.version, count) == (None, 0, 1, 1)
