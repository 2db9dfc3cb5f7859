"""Replay the journal of the database, and hold what it comes to against every other table (全账重放)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from settlement.ledger_reports.replaying import Against, Replay, Report
from settlement.periods import sealing
from settlement.periods.sealing import Told

#: After so many entries it is told how far the replay is.
TOLD_EVERY: Final = 20_000

_LOGGED: Final = """
    SELECT d ->> 'id' AS key, d ->> 'sha256' AS sha256
      FROM (SELECT leaf FROM audit_log.leaves UNION ALL SELECT leaf FROM audit_log.waiting) l
     CROSS JOIN LATERAL jsonb_array_elements(convert_from(l.leaf, 'UTF8')::jsonb -> 'digests') d
     WHERE position('"journal:posted"'::bytea IN l.leaf) > 0 AND d ->> 'kind' = 'journal'"""
_ENTRIES: Final = "SELECT key, record, batch FROM settlement.entries ORDER BY key"
_SEALED: Final = """
    SELECT book, month, record FROM settlement.closings
     WHERE sealed_at IS NOT NULL ORDER BY month, book"""
_BALANCES: Final = "SELECT book, code, balance FROM settlement.balances"
# What was rolled up, and the tail behind it.
_TURNOVERS: Final = """
    SELECT book, to_char(month, 'YYYY-MM') AS month, purpose, sum(debits)::bigint AS debits,
           sum(credits)::bigint AS credits
      FROM (SELECT book, month, purpose, debits, credits FROM settlement.turnovers
            UNION ALL
            SELECT a.book, date_trunc('month', p.value_on)::date, a.purpose,
                   greatest(-p.amount, 0), greatest(p.amount, 0)
              FROM settlement.postings p JOIN settlement.accounts a ON a.id = p.account_id
             WHERE p.xid >= (SELECT upto FROM settlement.rollup_state)) t
     GROUP BY book, month, purpose"""
# Entries whose number is not their place among the entries of their month.
_VOUCHERS: Final = """
    SELECT key, book, month, number, place FROM (
        SELECT v.key, v.book, v.month, v.number,
               row_number() OVER (PARTITION BY v.book, v.month ORDER BY v.key) AS place
          FROM settlement.vouchers v) n
     WHERE number <> place ORDER BY key LIMIT 100"""
# What stands in the ledgers of accounts, and should not, or does not, and should.
_POSTINGS: Final = """
    SELECT coalesce(s.key, p.key) AS key, a.code, a.book, s.amount AS stated, p.amount AS posted
      FROM settlement.posting_by_account s
      FULL JOIN (SELECT p.account_id, p.key, p.amount FROM settlement.postings p
                   JOIN settlement.accounts a ON a.id = p.account_id
                   JOIN settlement.purposes u ON u.purpose = a.purpose AND u.owner <> 'order'
                  WHERE p.xid < (SELECT upto FROM settlement.rollup_state)) p
        ON p.account_id = s.account_id AND p.key = s.key
      JOIN settlement.accounts a ON a.id = coalesce(s.account_id, p.account_id)
     WHERE s.amount IS DISTINCT FROM p.amount ORDER BY 1 LIMIT 100"""


async def count_entries(tx: Tx) -> int:
    """Return how many entries the journal has."""
    return int(await tx.fetch_value("SELECT count(*) FROM settlement.journal"))


async def replay(tx: Tx, *, viewer: Actor, tell: Callable[[int], Awaitable[None]]) -> Report:
    """Return what the journal comes to from its first entry, held against all that is told of it.

    Needs a transaction that sees one moment (``begin(…, snapshot=True)``). ``tell`` is told how many
    entries are done. It is held against the log's digests, balances with guards and tail, turnovers,
    ledgers of accounts, numbers, and the records and chains of closed months.

    :raises NotPermitted: if the viewer has nothing replayed.
    """
    viewer.require("ledger:replay")
    logged = {row["key"]: row["sha256"] for row in await tx.fetch(_LOGGED)}
    found = Replay(await _sealed(tx), logged)
    async for key, record, is_batched in _entries(tx):
        found.take(key, record, is_batched=is_batched)
        if found.entries % TOLD_EVERY == 0:
            await tell(found.entries)
    await tell(found.entries)
    found.hold_log()
    balances = await tx.fetch(_BALANCES)
    found.hold_balances((row["book"], row["code"], row["balance"]) for row in balances)
    turnovers = await tx.fetch(_TURNOVERS)
    found.hold_turnovers(
        (row["book"], row["month"], row["purpose"], row["debits"], row["credits"])
        for row in turnovers
    )
    for row in await tx.fetch(_VOUCHERS):
        detail = f"has number {row['number']}, its place is {row['place']}"
        found.note(Against.VOUCHER, f"{row['book']}:{row['month']}", row["key"], detail)
    for row in await tx.fetch(_POSTINGS):
        detail = f"its ledger says {row['stated']} fen, the journal {row['posted']}"
        found.note(Against.POSTING, f"{row['book']}:{row['code']}", row["key"], detail)
    found.hold_months()
    return found.report()


async def _entries(tx: Tx) -> AsyncIterator[tuple[uuid.UUID, bytes, bool]]:
    async for row in tx.cursor(_ENTRIES):
        yield row["key"], row["record"], row["batch"] is not None


async def _sealed(tx: Tx) -> dict[tuple[str, str], Told]:
    rows = await tx.fetch(_SEALED)
    return {(row["book"], row["month"]): sealing.read_record(row["record"]) for row in rows}
