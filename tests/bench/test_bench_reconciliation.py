"""A million lines of a channel held against a million payments and their entries, beside a hash join.

Prints seconds and the ratio to a plain hash join of lines and payments, which finds the same lines
and neither asks the journal, nor names what it finds, nor keeps it.
"""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.clock import SystemClock, monotonic
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import end_of_day
from catalog.kernel.workdays import Calendar
from settlement.reconciliation import queries
from settlement.reconciliation.operations import statements

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

LINES = 1_000_000
OFF = 100  # every hundredth line has another amount
DAY = dt.date(2026, 3, 2)
NEXT = end_of_day(DAY) + dt.timedelta(hours=9)
ROUNDS = 3

# Keys of this month: the journal has a part for it.
_MS = f"{int(SystemClock().now().timestamp() * 1000):012x}"
_ID = f"('{_MS[:8]}-{_MS[8:]}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_ACCOUNTS = """
    INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at, purpose_code)
    SELECT 'market', purpose, 'sandbox', 'CNY', guarding, now(), code FROM settlement.purposes
     WHERE purpose IN ('channel_clearing', 'suspense')"""
_JOURNAL = f"""
    INSERT INTO settlement.journal (key, book, kind, currency, a1, a2, v1, v2, order_id, rule_id,
                                    booked_at, value_on)
    SELECT {_ID}, 1, 1, 156, $1::bigint, $2::bigint, -(n % 9973 + 1), n % 9973 + 1, {_ID}, 1, $4, $5
      FROM generate_series(1, $3::bigint) n"""
_PAYMENTS = f"""
    INSERT INTO settlement.payments (id, reference, channel, order_id, payer_party_id, amount_fen,
           currency, state, created_at, expires_at, succeeded_at, channel_transaction_id, journal_key)
    SELECT {_ID}, 'P' || n, 'sandbox', {_ID}, {_ID}, n % 9973 + 1, 'CNY', 'succeeded', $2::timestamptz,
           $2::timestamptz + interval '2 hours', $2::timestamptz + n * interval '1 millisecond', 'T' || n, {_ID}
      FROM generate_series(1, $1::bigint) n"""
_FILES = """
    INSERT INTO settlement.statement_files
           (id, channel, stated_on, sha256, line_count, total_fen, fee_bps, loaded_at)
    VALUES ($1, 'sandbox', $2, repeat('0', 64), $3, 0, 0, $4)"""
_STATED = """
    INSERT INTO settlement.statement_lines (file_id, number, channel, transaction_id, move, reference,
           outcome, amount_fen, fee_fen, happened_at, remark)
    SELECT $1, n, 'sandbox', 'T' || n, 'pay_in', 'P' || n, 'succeeded',
           n % 9973 + 1 + CASE n % $3::bigint WHEN 0 THEN 1 ELSE 0 END, 0, $4, ''
      FROM generate_series(1, $2::bigint) n"""
_PLAIN = """
    SELECT count(*) FROM settlement.statement_lines l
      FULL JOIN settlement.payments p ON p.channel_transaction_id = l.transaction_id
     WHERE p.amount_fen IS DISTINCT FROM l.amount_fen"""


async def test_a_million_lines_are_reconciled_within_ten_seconds(
    *, db: Database, owner_dsn: str, almighty: Actor, calendar: Calendar
) -> None:
    file_id = new_id()
    owning = await asyncpg.connect(owner_dsn)
    try:
        await _fill(owning, file_id)
        plain = [await _plain(owning) for _ in range(ROUNDS)]
    finally:
        await owning.close()
    began = monotonic()
    async with begin(db, almighty) as tx:
        file = await statements.reconcile(
            tx, actor=almighty, now=NEXT, calendar=calendar, file_id=file_id
        )
    ours = monotonic() - began
    began = monotonic()
    async with begin(db, almighty) as tx:
        gate = await queries.get_gate(tx, viewer=almighty, channel="sandbox")
    asked = monotonic() - began

    assert (file.matched_count, file.break_count) == (LINES - LINES // OFF, LINES // OFF)
    assert gate.unexplained_fen == 0
    print(
        f"\n  {LINES:,} lines, {LINES // OFF:,} breaks: reconciled and kept in {ours:.1f} s,"
        f" the gate asked in {asked:.1f} s; a plain hash join of the same rows {min(plain):.1f} s"
        f" (ratio {ours / min(plain):.1f})"
    )


async def _fill(owning: asyncpg.Connection, file_id: object) -> None:
    # Entries are made by hand and without their triggers: what is measured comes after them.
    await owning.execute("SET session_replication_role = replica; SET app.clearance = 'system'")
    await owning.execute(_ACCOUNTS)
    (clearing, other) = [
        row["id"]
        for row in await owning.fetch("SELECT id FROM settlement.accounts ORDER BY purpose")
    ]
    morning = end_of_day(DAY - dt.timedelta(days=1)) + dt.timedelta(hours=9)
    for sql, args in (
        (_JOURNAL, (clearing, other, LINES, morning, DAY)),
        (_PAYMENTS, (LINES, morning)),
        (_FILES, (file_id, DAY, LINES, NEXT)),
        (_STATED, (file_id, LINES, OFF, morning)),
    ):
        await owning.execute(sql, *args, timeout=900)
    await owning.execute(
        "INSERT INTO settlement.guard_balances (account_id) SELECT id FROM settlement.accounts"
    )
    # Those may stand anywhere; then the job of the ledger adds up what there is.
    await owning.execute("UPDATE settlement.guard_balances SET floor = NULL")
    await owning.execute("SET session_replication_role = origin")
    await owning.execute("UPDATE settlement.rollup_state SET asked_at = now()", timeout=300)
    await owning.execute("VACUUM (ANALYZE) settlement.payments")
    await owning.execute("VACUUM (ANALYZE) settlement.statement_lines")
    await owning.execute("VACUUM (ANALYZE) settlement.journal")


async def _plain(owning: asyncpg.Connection) -> float:
    began = monotonic()
    assert await owning.fetchval(_PLAIN, timeout=300) == LINES // OFF
    return monotonic() - began
