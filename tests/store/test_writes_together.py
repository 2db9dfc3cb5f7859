"""Several writes go to the database as one statement, or not at all."""

from __future__ import annotations

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, Write, begin

_ACTOR = system("tests")


async def _things(tx: Tx) -> list[str]:
    return [row["name"] for row in await tx.fetch("SELECT name FROM things ORDER BY name")]


def _thing(name: str | None) -> Write:
    return Write("INSERT INTO things (name) VALUES ($1)", (name,))


async def test_each_write_keeps_its_own_arguments(db: Database) -> None:
    rename = Write("UPDATE things SET name = $2 WHERE name = $1", ("before", "renamed"))
    async with begin(db, _ACTOR) as tx:
        await tx.execute("CREATE TEMP TABLE things (name text NOT NULL) ON COMMIT DROP")
        assert await tx.write(_thing("before")) == 1
        assert await tx.write(_thing("first"), _thing("second"), rename) == 1
        assert await _things(tx) == ["first", "renamed", "second"]


async def test_one_that_is_refused_takes_the_others_with_it(db: Database) -> None:
    async with begin(db, _ACTOR) as tx:
        await tx.execute("CREATE TEMP TABLE things (name text NOT NULL) ON COMMIT DROP")
        with pytest.raises(asyncpg.NotNullViolationError):
            async with tx.savepoint():
                await tx.write(_thing("good"), _thing(None))
        assert await _things(tx) == []
