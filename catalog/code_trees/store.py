"""Tables and statements of the code trees (代码表)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.code_trees.lineage import lineage
from catalog.code_trees.model import Code, Table, Tree
from catalog.kernel.db import METADATA, Row, Tx

CODE_TREES: Final = sa.Table(
    "code_trees",
    METADATA,
    sa.Column("tree", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

CODES: Final = sa.Table(
    "codes",
    METADATA,
    sa.Column("tree", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("depth", sa.Integer, nullable=False),
    sa.Column("is_current", sa.Boolean, nullable=False),
    schema="catalog",
)


async def find_sha256(tx: Tx, tree: Tree) -> str | None:
    """Return the digest of the file that the tree was loaded from, or None."""
    found: str | None = await tx.fetch_value(
        "SELECT sha256 FROM catalog.code_trees WHERE tree = $1", tree.value
    )
    return found


async def put(tx: Tx, table: Table, *, now: dt.datetime) -> None:
    """Let the tree be as the table says; a code that is not in it is current no more."""
    await tx.execute(
        """
        INSERT INTO catalog.code_trees (tree, sha256, loaded_at) VALUES ($1, $2, $3)
        ON CONFLICT (tree) DO UPDATE SET sha256 = excluded.sha256, loaded_at = excluded.loaded_at""",
        table.tree.value,
        table.sha256,
        now,
    )
    lines = [lineage(table.tree, entry.code) for entry in table.entries]
    await tx.execute(
        """
        INSERT INTO catalog.codes (tree, code, name, parent, depth, is_current)
        SELECT $1, a.code, a.name, nullif(a.parent, ''), a.depth, true
          FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) AS a(code, name, parent, depth)
        ON CONFLICT (tree, code) DO UPDATE SET name = excluded.name, is_current = true""",
        table.tree.value,
        [entry.code for entry in table.entries],
        [entry.name for entry in table.entries],
        [line[-2] if len(line) > 1 else "" for line in lines],
        [len(line) for line in lines],
    )
    await tx.execute(
        """
        UPDATE catalog.codes SET is_current = false
         WHERE tree = $1 AND is_current AND code <> ALL($2::text[])""",
        table.tree.value,
        [entry.code for entry in table.entries],
    )


async def find(tx: Tx, tree: Tree, codes: Collection[str]) -> dict[str, Code]:
    """Return those of ``codes`` that the tree has or had."""
    rows = await tx.fetch(
        """
        SELECT tree, code, name, parent, depth, is_current FROM catalog.codes
         WHERE tree = $1 AND code = ANY($2::text[]) ORDER BY depth, code""",
        tree.value,
        list(codes),
    )
    return {row["code"]: _code(row) for row in rows}


async def list_below(tx: Tx, tree: Tree, parent: str | None) -> list[Code]:
    """Return the current codes right below ``parent``, or at the top, in their order."""
    rows = await tx.fetch(
        """
        SELECT tree, code, name, parent, depth, is_current FROM catalog.codes
         WHERE tree = $1 AND parent IS NOT DISTINCT FROM $2 AND is_current
         ORDER BY code LIMIT 1000""",
        tree.value,
        parent,
    )
    return [_code(row) for row in rows]


async def list_subtree(tx: Tx, tree: Tree, code: str) -> list[str]:
    """Return ``code`` and all codes below it, dropped ones too: products still bear them."""
    rows = await tx.fetch(
        """
        WITH RECURSIVE subtree AS (
            SELECT code FROM catalog.codes WHERE tree = $1 AND code = $2
            UNION ALL
            SELECT c.code FROM catalog.codes c JOIN subtree s ON c.tree = $1 AND c.parent = s.code
        )
        SELECT code FROM subtree ORDER BY code LIMIT 10000""",
        tree.value,
        code,
    )
    return [row["code"] for row in rows]


async def count(tx: Tx, tree: Tree) -> int:
    """Return how many current codes the tree has."""
    found: int = await tx.fetch_value(
        "SELECT count(*) FROM catalog.codes WHERE tree = $1 AND is_current", tree.value
    )
    return found


def _code(row: Row) -> Code:
    return msgspec.convert(dict(row), Code)
