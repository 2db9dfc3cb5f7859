"""Read what stands on the accounts, one by one and as a trial balance (余额、试算平衡表)."""

from __future__ import annotations

from typing import Any

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from settlement.ledger import disk
from settlement.ledger.accounts import (
    BOOK,
    Account,
    Book,
    Guarding,
    OwnerKind,
    Purpose,
    Side,
    Title,
)
from settlement.money import CURRENCY, yuan


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One account and what stands on it; a credit is positive."""

    book: str
    account: str
    purpose: str
    owner: str
    number: str
    title_zh: str
    title_en: str
    side: Side
    guarding: Guarding
    balance_fen: int
    held_fen: int
    balance: str


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one purpose together (科目余额)."""

    number: str
    purpose: str
    title_zh: str
    title_en: str
    accounts: int
    debits_fen: int
    credits_fen: int
    balance_fen: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on every purpose (试算平衡表): debits equal credits, the balances sum to zero."""

    lines: tuple[TrialLine, ...]
    entries: int
    debits_fen: int
    credits_fen: int
    difference_fen: int
    is_balanced: bool


async def get_balance(tx: Tx, of: Account, *, book: str = BOOK) -> int:
    """Return what stands on an account, in fen; zero if nothing ever moved on it."""
    total = await tx.fetch_value(
        """SELECT balance FROM settlement.balances
            WHERE book = $1 AND purpose = $2 AND owner = $3 AND currency = $4""",
        str(book),
        str(of.purpose),
        of.owner,
        CURRENCY,
    )
    return int(total or 0)


async def list_balances(
    tx: Tx,
    *,
    purpose: Purpose | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> paging.Page[Balance]:
    """Return a page of accounts with what stands on them, in the order of their opening."""
    paging.check_limit(limit)
    query = paging.fingerprint("balances", purpose)
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(
        """SELECT account_id AS id, code, book, purpose, owner, guarding, held, balance
             FROM settlement.balances
            WHERE ($1::text IS NULL OR purpose = $1) AND account_id > $2
            ORDER BY account_id LIMIT $3""",
        None if purpose is None else str(purpose),
        0 if position is None else _int(position[0]),
        limit + 1,
    )
    items = [_balance(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, rows[limit - 1]["id"]) if more else None)


async def trial_balance(tx: Tx, *, book: Book | None = None) -> TrialBalance:
    """Return the trial balance of a book, or of all, one line per purpose (试算平衡表).

    What was rolled up was added up then; only the tail is read.
    """
    rows = await tx.fetch(
        """WITH tail AS (
               SELECT a.purpose, count(*) FILTER (WHERE p.n = 1) AS entries,
                      coalesce(-sum(p.amount) FILTER (WHERE p.amount < 0), 0) AS debits,
                      coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0) AS credits
                 FROM settlement.postings p LEFT JOIN settlement.accounts a ON a.id = p.account_id
                WHERE p.xid >= (SELECT upto FROM settlement.rollup_state)
                  AND ($1::text IS NULL OR a.book = $1)
                GROUP BY a.purpose)
           SELECT s.purpose, sum(s.entries)::bigint AS entries, sum(s.debits)::bigint AS debits,
                  sum(s.credits)::bigint AS credits,
                  (SELECT count(*) FROM settlement.accounts a
                    WHERE a.purpose = s.purpose AND ($1::text IS NULL OR a.book = $1)) AS accounts
             FROM (SELECT purpose, entries, debits, credits FROM settlement.turnovers
                    WHERE $1::text IS NULL OR book = $1
                   UNION ALL SELECT purpose, entries, debits, credits FROM tail) s
            GROUP BY s.purpose""",
        None if book is None else str(book),
    )
    lines = sorted((_line(row) for row in rows), key=lambda line: line.number)
    debited = sum(line.debits_fen for line in lines)
    credited = sum(line.credits_fen for line in lines)
    return TrialBalance(
        lines=tuple(lines),
        entries=sum(row["entries"] for row in rows),
        debits_fen=debited,
        credits_fen=credited,
        difference_fen=credited - debited,
        is_balanced=credited == debited,
    )


def _balance(row: Row) -> Balance:
    title = _title(row["purpose"])
    return Balance(
        book=row["book"],
        account=row["code"],
        purpose=row["purpose"],
        owner=row["owner"],
        number=title.number,
        title_zh=title.zh,
        title_en=title.en,
        side=title.side,
        guarding=Guarding(row["guarding"]),
        balance_fen=row["balance"],
        held_fen=row["held"],
        balance=yuan(row["balance"]),
    )


def _line(row: Row) -> TrialLine:
    title = _title(row["purpose"])
    return TrialLine(
        number=title.number,
        purpose=row["purpose"] or "",
        title_zh=title.zh,
        title_en=title.en,
        accounts=row["accounts"],
        debits_fen=row["debits"],
        credits_fen=row["credits"],
        balance_fen=row["credits"] - row["debits"],
    )


def _title(purpose: str | None) -> Title:
    """Return the title of a purpose, or a blank one: legs of an account that is gone still count."""
    if purpose not in set(Purpose):
        return Title("", "科目表外", "off the chart", Side.CREDIT, Guarding.NONE, OwnerKind.MARKET)
    return disk.read_chart()[Purpose(purpose)]


def _int(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise paging.CursorUnreadable
    return value
