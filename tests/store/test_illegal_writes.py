"""The database refuses what would break the books, whoever asks: every row of the catalogue is tried."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, escrow_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.queries import checking as books
from tests.illegal_writes.attempt import Attempt
from tests.illegal_writes.catalogue import SECTIONS, attempts
from tests.illegal_writes.ledger import ROWS, after_a_legal_one, row
from tests.illegal_writes.retentions import KEEPER
from tests.store.money import NOON, paid_escrow

_NO_RIGHT = "42501"


async def _books(db: Database, almighty: Actor) -> None:
    """Given: one order that was paid and not released, and one right holder with a payable."""
    async with begin(db, almighty) as tx:
        order_id = await paid_escrow(tx, almighty)
        await ledger.post(
            tx,
            actor=almighty,
            now=NOON,
            entry=Entry(
                key=new_id(),
                kind=Kind.RELEASE,
                legs=transfer(escrow_of(order_id), [Leg(Account(Purpose.PAYABLE, "holder"), 1)]),
                booked_at=NOON,
                value_on=dt.date(2026, 3, 2),
                rule_version="test/1",
                order_id=order_id,
            ),
        )
        await ledger.post(
            tx,
            actor=almighty,
            now=NOON,
            entry=Entry(
                key=new_id(),
                kind=Kind.RELEASE,
                legs=transfer(
                    escrow_of(order_id), [Leg(Account(Purpose.RETENTION, str(KEEPER)), 5)]
                ),
                booked_at=NOON,
                value_on=dt.date(2026, 3, 2),
                rule_version="test/1",
                order_id=order_id,
            ),
        )
        await tx.execute(
            "INSERT INTO settlement.periods (book, month, state) VALUES ('market', '2026-01-01', 'closed')"
        )
    async with begin(db, almighty) as tx:
        await ledger.roll_up(tx, now=NOON)


async def _connect(dsn: str) -> asyncpg.Connection[Any]:
    """Connect as someone whom row-level security hides nothing from."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")
    return connection


async def _given(dsn: str) -> None:
    connection = await _connect(dsn)
    for section in SECTIONS:
        for sql in section.given:
            await connection.execute(sql)
    await connection.close()


async def _refused(connection: asyncpg.Connection[Any], sql: str) -> tuple[set[str], str] | None:
    """Return by what it is refused, and what is said; None if it is not."""
    try:
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as the commit would
    except asyncpg.PostgresError as error:
        name = getattr(error, "constraint_name", None)
        return {str(error.sqlstate), *([name] if name else [])}, str(error)
    return None


@pytest.mark.parametrize("role", [None, "market_api"])
async def test_every_illegal_write_is_refused_by_the_database_alone(
    db: Database, almighty: Actor, server: Any, database_name: str, role: str | None
) -> None:
    await _books(db, almighty)
    await _given(server.dsn(database_name))
    connection = await _connect(server.dsn(database_name, role))

    accepted_anyway, otherwise = [], {}
    for section, what, attempt, by in attempts():
        told = await _refused(connection, attempt.sql)
        if told is None:
            accepted_anyway.append((section.title, what))
        # The service's role often has not even the right to try.
        elif by not in told[0] and not (role and _NO_RIGHT in told[0]):
            otherwise[section.title, what] = (by, *told)
    await connection.close()

    assert accepted_anyway == []
    assert otherwise == {}
    async with begin(db, almighty, snapshot=True) as tx:
        assert await books.find_breaches(tx) == []


async def test_an_illegal_entry_is_refused_after_a_legal_one_in_the_same_statement(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    await _books(db, almighty)
    connection = await _connect(server.dsn(database_name))

    otherwise = {}
    for what, (attempt, by) in ROWS.items():
        if isinstance(attempt, Attempt) and "INTO settlement.journal (" in attempt.sql:
            told = await _refused(connection, after_a_legal_one(attempt.sql))
            if told is None or by not in told[0]:
                otherwise[what] = (by, told)
    status = await connection.execute(after_a_legal_one(row().sql))
    await connection.close()

    assert otherwise == {}
    assert status == "INSERT 0 2"


async def test_the_legal_twin_of_the_illegal_entries_is_accepted(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    await _books(db, almighty)
    connection = await _connect(server.dsn(database_name, "market_api"))

    status = await connection.execute(row().sql)

    await connection.close()
    assert status == "INSERT 0 1"


async def test_every_constraint_of_the_tables_of_the_catalogue_is_tried(
    server: Any, database_name: str
) -> None:
    connection = await _connect(server.dsn(database_name))
    tables = [table for section in SECTIONS for table in section.tables]
    constraints = await connection.fetch(
        """SELECT conname AS name FROM pg_constraint
            WHERE conrelid = ANY (SELECT ('settlement.' || t)::regclass FROM unnest($1::text[]) t)
              AND contype IN ('c', 'u', 'x')
           UNION SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            WHERE x.indisunique AND NOT x.indisprimary
              AND x.indrelid = ANY (SELECT ('settlement.' || t)::regclass FROM unnest($1::text[]) t)""",
        tables,
    )
    sources = await connection.fetch(
        "SELECT prosrc FROM pg_proc WHERE pronamespace = 'settlement'::regnamespace"
    )
    await connection.close()

    there = {record["name"] for record in constraints}
    for record in sources:
        there |= set(re.findall(r"CONSTRAINT = '(\w+)'", record["prosrc"]))
    tried = {by for _, _, _, by in attempts()}
    assert len(there) > 100
    assert there - tried == set()


async def test_the_service_may_not_change_amounts_of_escrows_and_payments(
    server: Any, database_name: str
) -> None:
    connection = await asyncpg.connect(server.dsn(database_name, "market_api"))

    for sql in (
        "UPDATE settlement.escrows SET payer_party_id = order_id",
        "UPDATE settlement.payments SET amount_fen = 1",
        "UPDATE settlement.refunds SET amount_fen = 1",
        "UPDATE settlement.payouts SET amount_fen = 1",
        "UPDATE settlement.channel_events SET amount_fen = 1",
        "DELETE FROM settlement.channel_nonces",
        "DELETE FROM settlement.channel_breaks",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
    await connection.close()
