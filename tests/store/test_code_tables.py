"""The code tables in the database: loaded once, asked for subtrees, followed edition by edition."""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest

from catalog.code_trees import operations as code_trees
from catalog.code_trees import queries
from catalog.code_trees.model import Tree
from catalog.code_trees.queries import CodeMissing
from catalog.code_trees.reading import read_table
from catalog.kernel.actor import PUBLIC, NotPermitted, system
from catalog.kernel.db import Database, begin
from catalog.products.coding import CodeUnknown
from catalog.products.operations import describing as products
from market.reference import load_reference
from tests.makers_products import make_actor, make_description

LOADER = system("test", "code_tree:load")
SUPPLIER = make_actor("product:describe")
SMALL = "46\t海南省\n4601\t海口市\n460105\t秀英区\n"


async def test_they_are_there_from_the_start_and_a_second_load_changes_nothing(
    db: Database, now: dt.datetime
) -> None:
    assert await load_reference(db, now=now) == 0

    async with begin(db, PUBLIC) as tx:
        hainan = await queries.get_branch(tx, tree=Tree.REGION, code="4601")
        top = await queries.get_branch(tx, tree=Tree.INDUSTRY)
    assert [code.name for code in hainan.above] == ["海南省", "海口市"]
    assert "秀英区" in [code.name for code in hainan.below]
    assert hainan.codes_in_subtree == 1 + len(hainan.below)
    assert [code.code for code in top.below] == list("ABCDEFGHIJKLMNOPQRST")
    assert top.codes_in_subtree == 1971


async def test_a_subtree_is_the_code_and_all_below(db: Database) -> None:
    async with begin(db, PUBLIC) as tx:
        shipping = await queries.list_subtree(tx, tree=Tree.INDUSTRY, code="G")
        none = await queries.list_subtree(tx, tree=Tree.INDUSTRY, code="99")
        with pytest.raises(CodeMissing):
            await queries.get_branch(tx, tree=Tree.REGION, code="99")

    assert {"G", "55", "553", "5531"} <= set(shipping)
    assert not {"01", "F", "61"} & set(shipping)
    assert none == []


async def test_a_code_that_the_next_edition_drops_is_known_and_no_more_taken(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        await products.describe(
            tx,
            actor=SUPPLIER,
            now=now,
            supplier_name="示例",
            description=make_description(region_code="460106"),
        )
    async with begin(db, LOADER) as tx:
        await code_trees.load(
            tx, actor=LOADER, now=now, table=read_table(Tree.REGION, SMALL.encode())
        )

    async with begin(db, SUPPLIER) as tx:
        branch = await queries.get_branch(tx, tree=Tree.REGION, code="460106")
        below = await queries.get_branch(tx, tree=Tree.REGION, code="4601")
        with pytest.raises(CodeUnknown):
            await products.describe(
                tx,
                actor=SUPPLIER,
                now=now,
                supplier_name="示例",
                description=make_description(region_code="460106"),
            )
    assert not branch.above[-1].is_current
    assert [code.code for code in below.below] == ["460105"]
    assert await load_reference(db, now=now) == 1  # the release has another edition: it is back


async def test_nobody_loads_without_the_permission_and_no_code_is_deleted(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        with pytest.raises(NotPermitted):
            await code_trees.load(
                tx, actor=SUPPLIER, now=now, table=read_table(Tree.REGION, SMALL.encode())
            )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, LOADER) as tx:
            await tx.execute("DELETE FROM catalog.codes")
