"""The tables that the stores describe are the tables that the migrations make."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA
from tests.house import walk

APPEND_ONLY = (
    "audit_log.entries",
    "audit_log.places",
    "settlement.journal",
    "market.usage_events",
)


def _described() -> dict[str, dict[str, tuple[str, bool]]]:
    walk.modules()
    dialect = postgresql.dialect()
    return {
        table.fullname: {
            column.name: (_plain(column.type.compile(dialect)), bool(column.nullable))
            for column in table.columns
        }
        for table in METADATA.tables.values()
    }


def _plain(kind: str) -> str:
    kind = kind.lower()
    for long, short in (
        ("timestamp with time zone", "timestamptz"),
        ("character varying", "text"),
        ("varchar", "text"),
        ("double precision", "float8"),
    ):
        kind = kind.replace(long, short)
    return kind


async def _actual(dsn: str) -> dict[str, dict[str, tuple[str, bool]]]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            """
            SELECT n.nspname || '.' || c.relname AS name, a.attname,
                   format_type(a.atttypid, a.atttypmod) AS kind, NOT a.attnotnull AS nullable
              FROM pg_attribute a
              JOIN pg_class c ON c.oid = a.attrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
               AND NOT c.relispartition
               AND n.nspname IN ('catalog','audit_log','signing','settlement','market','search')
            """
        )
    finally:
        await connection.close()
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in rows:
        found.setdefault(row["name"], {})[row["attname"]] = (_plain(row["kind"]), row["nullable"])
    return found


async def test_the_stores_describe_the_migrated_tables(owner_dsn: str) -> None:
    described, actual = _described(), await _actual(owner_dsn)

    assert sorted(described) == sorted(actual)
    differences = {
        f"{table}.{column}": (described[table].get(column), actual[table].get(column))
        for table in described
        for column in set(described[table]) | set(actual[table])
        if described[table].get(column) != actual[table].get(column)
    }
    assert differences == {}


async def test_the_states_in_the_code_are_the_states_in_the_database(owner_dsn: str) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        checks = await connection.fetch(
            """SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                WHERE contype = 'c' AND conname LIKE '%state_known'
               UNION ALL
               SELECT polname, pg_get_expr(polwithcheck, polrelid) FROM pg_policy
                WHERE polname LIKE '%state_known'"""
        )
    finally:
        await connection.close()
    in_database = {
        row["conname"]: frozenset(re.findall(r"'([a-z_]+)'", row["definition"])) for row in checks
    }
    in_code = {name: frozenset(str(s.value) for s in states) for name, states, _ in walk.machines()}

    unmatched = {name for name, states in in_code.items() if states not in in_database.values()}

    assert unmatched == set()


@pytest.mark.parametrize("role", ["market_api", "market_sequencer"])
async def test_the_services_roles_can_not_change_what_is_kept_for_ever(
    owner_dsn: str, role: str
) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        for table in APPEND_ONLY:
            for right in ("UPDATE", "DELETE", "TRUNCATE"):
                allowed: Any = await connection.fetchval(
                    "SELECT has_table_privilege($1, $2, $3)", role, table, right
                )
                assert not allowed, f"{role} may {right} {table}"
    finally:
        await connection.close()


async def test_neither_role_owns_or_bypasses_anything(owner_dsn: str) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = await connection.fetch(
            """SELECT rolname FROM pg_roles WHERE rolname LIKE 'market%'
                AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"""
        )
        owned = await connection.fetch(
            """SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
                WHERE r.rolname LIKE 'market%'"""
        )
    finally:
        await connection.close()

    assert rows == []
    assert owned == []


async def test_tenant_tables_force_row_level_security(owner_dsn: str) -> None:
    tenant_columns = (
        "owner_party_id", "applicant_party_id", "buyer_party_id", "supplier_party_id",
        "objector_party_id", "payer_party_id",
    )  # fmt: skip
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = await connection.fetch(
            """
            SELECT DISTINCT n.nspname || '.' || c.relname AS name
              FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE a.attname = ANY($1::text[]) AND c.relkind IN ('r', 'p')
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """,
            list(tenant_columns),
        )
    finally:
        await connection.close()

    assert sorted(row["name"] for row in rows) == []


def test_no_statement_reads_every_column() -> None:
    import pathlib

    offences = [
        str(path)
        for package in ("catalog", "settlement", "market")
        for path in pathlib.Path(package).rglob("*.py")
        if re.search(r"SELECT\s+\*\s", path.read_text("utf-8"))
    ]

    assert offences == []


def test_metadata_knows_no_table_twice() -> None:
    walk.modules()

    assert len(METADATA.tables) == len({t.fullname for t in METADATA.tables.values()})
    assert all(isinstance(t, sa.Table) for t in METADATA.tables.values())
