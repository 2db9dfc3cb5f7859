"""Several writes go to the database as one statement, or not at all."""

from __future__ import annotations

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.db import Database, Tx, begin, beyond_own_rows
from catalog.kernel.statements.db import Write, insertion

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


async def _table(tx: Tx) -> None:
    await tx.execute(
        """CREATE TEMP TABLE things (name text NOT NULL, id int GENERATED ALWAYS AS IDENTITY)
           ON COMMIT DROP"""
    )
    await tx.execute("CREATE TEMP TABLE others (name text NOT NULL) ON COMMIT DROP")


_THINGS = sa.Table("things", sa.MetaData(), sa.Column("name", sa.Text))
_OTHERS = Write("INSERT INTO others (name) VALUES ($1)", ("other",))


async def test_what_is_written_later_is_there_for_whatever_is_asked_next(db: Database) -> None:
    async with begin(db, _ACTOR) as tx:
        await _table(tx)
        await tx.write_later(insertion(_THINGS, name="b"), _OTHERS)
        await tx.write_later(insertion(_THINGS, name="a"))
        rows = await tx.fetch("SELECT name FROM things ORDER BY id")
        await tx.write_later(insertion(_THINGS, name="c"))
        assert await tx.fetch_value("SELECT count(*) FROM others") == 1
        assert [each["name"] for each in rows] == ["b", "a"]
        assert await _things(tx) == ["a", "b", "c"]


async def test_a_change_does_not_overlook_the_row_that_was_to_be_inserted_before_it(
    db: Database,
) -> None:
    rename = Write("UPDATE things SET name = $2 WHERE name = $1", ("before", "renamed"))
    async with begin(db, _ACTOR) as tx:
        await _table(tx)
        await tx.write_later(insertion(_THINGS, name="before"))
        await tx.write_later(rename)
        await tx.write_later(insertion(_THINGS, name="before"))
        assert await _things(tx) == ["before", "renamed"]


async def test_what_is_written_last_is_committed_also_by_a_transaction_that_opens_late(
    db: Database,
) -> None:
    claimed = Write(
        """INSERT INTO market.answered_commands
                  (principal, idempotency_key, route, request_sha256, claimed_at)
           VALUES ('p', $1, 'r', '', now())""",
        ("k",),
    )
    for late in (True, False):
        async with begin(db, _ACTOR, late=late) as tx:
            await tx.write_later(msgspec.structs.replace(claimed, args=(f"k{late}",)))
    async with begin(db, _ACTOR) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM market.answered_commands") == 2


async def test_what_is_refused_of_it_is_raised_and_nothing_is_committed(db: Database) -> None:
    nothing = Write(
        """INSERT INTO market.answered_commands
                  (principal, idempotency_key, route, request_sha256, claimed_at)
           VALUES ('p', $1, 'r', '', now())""",
        ("",),
    )
    with pytest.raises(asyncpg.CheckViolationError):
        async with begin(db, _ACTOR) as tx:
            await tx.write_later(nothing)
    async with begin(db, _ACTOR) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM market.answered_commands") == 0


async def test_what_a_part_was_to_write_is_undone_with_the_part(db: Database) -> None:
    async with begin(db, _ACTOR) as tx:
        await _table(tx)
        await tx.write_later(insertion(_THINGS, name="before"))
        with pytest.raises(RuntimeError, match="midway"):  # noqa: PT012 - the part is what fails
            async with tx.savepoint():
                await tx.write_later(insertion(_THINGS, name="undone"))
                raise RuntimeError("midway")
        async with tx.savepoint():
            await tx.write_later(insertion(_THINGS, name="kept"))
        assert await _things(tx) == ["before", "kept"]


async def test_what_was_to_be_written_as_somebody_is_not_written_as_somebody_else(
    db: Database,
) -> None:
    async with begin(db, PUBLIC) as tx:
        async with beyond_own_rows(tx):
            assert await tx.fetch_value(_CLEARANCE) == "system"
            async with beyond_own_rows(tx):
                assert await tx.fetch_value(_CLEARANCE) == "system"
            assert await tx.fetch_value(_CLEARANCE) == "system"
        assert await tx.fetch_value(_CLEARANCE) == "public"
        with pytest.raises(RuntimeError, match="midway"):
            async with tx.savepoint(), beyond_own_rows(tx):
                raise RuntimeError("midway")
        assert await tx.fetch_value(_CLEARANCE) == "public"
        async with beyond_own_rows(tx):
            assert await tx.fetch_value(_CLEARANCE) == "system"


_CLEARANCE = "SELECT current_setting('app.clearance', true)"
