"""A database that is not there is told from a fault of ours, and callers may come again."""

from __future__ import annotations

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, DatabaseUnreachable, Tx, begin
from tests.api import Api, code


async def end_connection(tx: Tx, owner_dsn: str) -> None:
    """Let the server end the connection of an open transaction, as it does when it is stopped."""
    pid = await tx.fetch_value("SELECT pg_backend_pid()")
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SELECT pg_terminate_backend($1)", pid)
    finally:
        await owner.close()


async def test_a_server_that_is_not_there_is_named(almighty: Actor) -> None:
    db = Database(lambda role: f"postgresql://{role}@/x?host=/nowhere", pool_size=1)

    with pytest.raises(DatabaseUnreachable):
        async with begin(db, almighty):
            pytest.fail("there is nothing to open")


async def test_a_connection_lost_on_the_way_is_named_and_the_next_one_works(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    async def lost() -> None:
        async with begin(db, almighty) as tx:
            await end_connection(tx, owner_dsn)
            await tx.fetch_value("SELECT 1")

    with pytest.raises(DatabaseUnreachable):
        await lost()

    async with begin(db, almighty) as tx:
        assert await tx.fetch_value("SELECT 1") == 1


async def test_a_connection_lost_before_the_commit_is_named(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    async def lost() -> None:
        async with begin(db, almighty) as tx:
            await end_connection(tx, owner_dsn)

    with pytest.raises(DatabaseUnreachable):
        await lost()


async def test_a_transaction_that_is_opened_late_is_one_from_its_first_own_statement_on(
    db: Database, almighty: Actor
) -> None:
    number, clearance = (
        "SELECT pg_current_xact_id()::text",
        "current_setting('app.clearance', true)",
    )

    async with begin(db, almighty, late=True) as tx:
        first, second = [(await tx.fetch_public(number))[0][0] for _ in range(2)]
        assert not tx.is_open
        assert (await tx.fetch_public(f"SELECT {clearance} AS it"))[0]["it"] in (None, "")
        third = await tx.fetch_value(number)
        assert tx.is_open
        assert (await tx.fetch_public(number))[0][0] == third
        assert await tx.fetch_value(f"SELECT {clearance}") == almighty.clearance
    assert len({first, second, third}) == 3


async def test_of_a_transaction_that_was_never_opened_nothing_is_undone_and_a_lost_one_is_named(
    db: Database, almighty: Actor, owner_dsn: str
) -> None:
    async def refused() -> None:
        async with begin(db, almighty, late=True):
            raise KeyError

    async def lost() -> None:
        async with begin(db, almighty, late=True) as tx:
            pid = (await tx.fetch_public("SELECT pg_backend_pid()"))[0][0]
            owner = await asyncpg.connect(owner_dsn)
            await owner.execute("SELECT pg_terminate_backend($1)", pid)
            await owner.close()
            await tx.fetch_public("SELECT 1")

    with pytest.raises(KeyError):
        await refused()
    with pytest.raises(DatabaseUnreachable):
        await lost()
    async with begin(db, almighty, late=True) as tx:
        assert (await tx.fetch_public("SELECT 1"))[0][0] == 1


async def test_a_fault_of_ours_stays_one(db: Database, almighty: Actor) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        async with begin(db, almighty) as tx:
            await tx.fetch("SELECT $1::int", 1, 2)


async def test_a_file_that_is_not_there_is_no_lost_database(db: Database, almighty: Actor) -> None:
    with pytest.raises(FileNotFoundError):
        async with begin(db, almighty):
            raise FileNotFoundError


async def test_a_caller_is_told_to_come_again(api: Api) -> None:
    await api.context.db.close()
    api.context.db._dsn = lambda role: f"postgresql://{role}@/x?host=/nowhere"

    answer = await api.get("/api/v1/price-list")

    assert (answer.status_code, code(answer)) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "1"
