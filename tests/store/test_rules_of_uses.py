"""What the database itself says of grants, uses and entries, to whoever writes them for the service."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database, begin
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

HOT = ("market.grants", "market.usage_events", "audit_log.entries")
_COPY = """
    INSERT INTO {table}
    SELECT changed.* FROM {table} t, jsonb_populate_record(t, $1::jsonb) AS changed LIMIT 1"""
_ENTRY = """
    INSERT INTO audit_log.entries (entry_id, at, event, subjects, salt, payload, leaf)
    VALUES (gen_random_uuid(), now(), 'x:y', '{}', $1, $2, $3)"""
_SALT = b"s" * 16


trade = staged(make_trade)


@pytest.mark.parametrize(
    ("table", "rule", "changes"),
    [
        ("market.grants", "grant_quota_positive", {"quota": 0}),
        ("market.grants", "grant_state_known", {"state": "gone"}),
        ("market.grants", "grant_order_seq_not_negative", {"order_seq": -1}),
        ("market.grants", "grant_used_within_quota", {"used": -1}),
        ("market.grants", "grant_used_within_quota", {"quota": 3, "used": 4}),
        ("market.grants", "grant_cut_off_says_when", {"state": "revoked"}),
        ("market.grants", "grants_ai_generated_known", {"ai_generated": "perhaps"}),
        ("market.usage_events", "usage_counts_from_one", {"order_seq": 0}),
        ("market.usage_events", "usage_decision_known", {"decision": "perhaps"}),
        ("market.usage_events", "usage_denied_is_not_billed", {"decision": "deny"}),
        ("market.usage_events", "usage_denied_is_not_billed", {"price_units": -1}),
        ("market.usage_events", "usage_record_digest", {"record": "\\x00"}),
    ],
)
async def test_a_row_against_a_rule_is_refused_by_its_name(
    trade: Trade, db: Database, table: str, rule: str, changes: dict[str, Any]
) -> None:
    await trade.content(await trade.delivered())

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f'policy "{rule}"'):
        async with begin(db, trade.buyer.actor) as tx:
            await tx.execute(_COPY.format(table=table), {"id": str(uuid.uuid4())} | changes)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("grant_used_within_quota", "used = -1"),
        ("grant_state_known", "state = 'gone'"),
        ("grant_cut_off_says_when", "state = 'cut_off'"),
        ("grant_order_seq_not_negative", "order_seq = -1"),
        ("grant_recent_is_a_list", "recent = '{}'"),
    ],
)
async def test_a_grant_is_not_moved_against_a_rule(
    trade: Trade, db: Database, rule: str, change: str
) -> None:
    await trade.delivered()

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f'policy "{rule}"'):
        async with begin(db, trade.buyer.actor) as tx:
            await tx.execute(f"UPDATE market.grants SET {change}")


async def test_what_is_not_told_breaks_no_rule(trade: Trade, db: Database, owner_dsn: str) -> None:
    order = await trade.delivered()
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.remembered', 'yes', false)")
        await connection.execute("UPDATE market.grants SET quota = NULL")
    finally:
        await connection.close()

    await trade.content(order)  # without a quota it is counted as well

    async with begin(db, trade.buyer.actor) as tx:
        assert await tx.fetch_value("SELECT used FROM market.grants") == 1


@pytest.mark.parametrize(
    ("rule", "salt", "payload", "leaf"),
    [
        ("leaf_fits_a_bundle", _SALT, b"{}", b""),
        ("leaf_fits_a_bundle", _SALT, b"{}", b"x" * 65_536),
        ("payload_salt_is_long_enough", b"s" * 15, b"{}", b"x"),
        ("payload_salt_is_long_enough", b"s" * 33, b"{}", b"x"),
        ("payload_is_erased_whole", None, b"{}", b"x"),
        ("payload_is_erased_whole", _SALT, None, b"x"),
    ],
)
async def test_an_entry_against_a_rule_is_refused_by_its_name(
    db: Database, rule: str, salt: bytes | None, payload: bytes | None, leaf: bytes
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f'policy "{rule}"'):
        async with begin(db, system("test")) as tx:
            await tx.execute(_ENTRY, salt, payload, leaf)


async def test_a_refilled_leaf_must_fit_too(db: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="leaf_fits_a_bundle"):
        async with begin(db, system("test"), role=SEQUENCER_ROLE) as tx:
            await tx.execute(
                """INSERT INTO audit_log.entries (entry_id, at, event, subjects, leaf)
                   VALUES (gen_random_uuid(), $1, 'x:y', '{}', '')""",
                dt.datetime.now(dt.UTC),
            )


@pytest.mark.parametrize("half", ["salt", "payload"])
async def test_nobody_erases_half_a_payload(db: Database, owner_dsn: str, half: str) -> None:
    async with begin(db, system("test")) as tx:
        await tx.execute(_ENTRY, _SALT, b"{}", b"x")
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(f"UPDATE audit_log.entries SET {half} = NULL")
    finally:
        await connection.close()


async def test_what_each_use_writes_has_no_check_that_is_read_anew_with_it(owner_dsn: str) -> None:
    """A policy's check is kept with the plan; one CHECK more takes a hundredth of a use."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        checks = await connection.fetch(
            """SELECT conname FROM pg_constraint
                WHERE contype = 'c' AND conrelid = ANY ($1::text[]::regclass[])""",
            list(HOT),
        )
    finally:
        await connection.close()

    assert [row["conname"] for row in checks] == []
