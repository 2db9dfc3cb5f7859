"""Tables and statements of closing: closings, numbers, balances at the end, explanations."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from settlement.periods.checklist import OF_ORDERS, PASSING_THROUGH, Standing
from settlement.periods.model import Closing
from settlement.periods.months import Month
from settlement.periods.states import State

CLOSINGS: Final = sa.Table(
    "closings",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("begun_by", sa.Uuid),
    sa.Column("begun_by_name", sa.Text, nullable=False),
    sa.Column("before", sa.LargeBinary, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("barrier", sa.BigInteger),
    sa.Column("entries", sa.BigInteger),
    sa.Column("chained", sa.BigInteger, nullable=False),
    sa.Column("sealed_at", sa.DateTime(timezone=True)),
    sa.Column("record", sa.LargeBinary),
    schema="settlement",
)
VOUCHERS: Final = sa.Table(
    "vouchers",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("key", sa.Uuid, nullable=False),
    schema="settlement",
)
PERIOD_BALANCES: Final = sa.Table(
    "period_balances",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("account_id", sa.BigInteger, primary_key=True),
    sa.Column("opening", sa.BigInteger, nullable=False),
    sa.Column("debits", sa.BigInteger, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False),
    sa.Column("closing", sa.BigInteger, nullable=False),
    schema="settlement",
)
PERIOD_EXPLANATIONS: Final = sa.Table(
    "period_explanations",
    METADATA,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("explained_by", sa.Uuid),
    sa.Column("explained_by_name", sa.Text, nullable=False),
    sa.Column("explained_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)
CLOSING: Final = """
    SELECT book, month, begun_at, begun_by, begun_by_name, before, head, barrier, entries, chained,
           sealed_at, record
      FROM settlement.closings"""


async def lock(tx: Tx, book: str, month: Month) -> Closing | None:
    """Return the closing of a month, kept from others until the transaction ends."""
    row = await tx.fetch_one(
        f"{CLOSING} WHERE book = $1 AND month = $2 FOR UPDATE", book, month.text
    )
    return None if row is None else closing(row)


async def newest(tx: Tx, book: str) -> Closing | None:
    """Return the closing of the newest month of a book that was begun."""
    row = await tx.fetch_one(f"{CLOSING} WHERE book = $1 ORDER BY month DESC LIMIT 1", book)
    return None if row is None else closing(row)


async def first_month(tx: Tx, book: str) -> dt.date | None:
    """Return the first day of the first month that was closed, or else the earliest value date.

    None if the book has no entry.
    """
    found: dt.date | None = await tx.fetch_value(
        """SELECT coalesce(
               (SELECT (min(month) || '-01')::date FROM settlement.closings WHERE book = $1),
               (SELECT min(value_on) FROM settlement.entries WHERE book = $1))""",
        book,
    )
    return found


async def insert(tx: Tx, begun: Closing) -> None:
    """Insert the closing of a month that begins."""
    await tx.insert(
        CLOSINGS,
        book=begun.book,
        month=begun.month,
        begun_at=begun.begun_at,
        begun_by=begun.begun_by,
        begun_by_name=begun.begun_by_name,
        before=begun.before,
        head=begun.head,
        chained=0,
    )


async def raise_barrier(tx: Tx, of: Closing) -> None:
    """Remember which transactions may still have been let in: all that have an id by now.

    Asked in a transaction after the one that shut the month. A writer gets its id before it reads
    whether the month is open, so whoever read that it is has an id below this.
    """
    await tx.execute(
        """UPDATE settlement.closings
              SET barrier = pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            WHERE book = $1 AND month = $2""",
        of.book,
        of.month,
    )


async def writers_are_done(tx: Tx, barrier: int) -> bool:
    """Tell whether every transaction below the barrier has ended, however it ended."""
    return bool(
        await tx.fetch_value(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= $1", barrier
        )
    )


async def number(tx: Tx, of: Closing, month: Month) -> int:
    """Give the entries of a month numbers in the order of their keys; return how many there are.

    Those of the first month are all that are dated up to its end: who was let in while the months
    before it were being shut is numbered there.
    """
    await tx.execute(
        """INSERT INTO settlement.vouchers (book, month, number, key)
           SELECT $1, $2, row_number() OVER (ORDER BY key), key
             FROM settlement.entries
            WHERE book = $1 AND value_on <= $4
              AND (value_on >= $3 OR NOT EXISTS (
                   SELECT FROM settlement.closings c WHERE c.book = $1 AND c.month < $2))
            ORDER BY key""",
        of.book,
        of.month,
        month.first_day,
        month.last_day,
    )
    entries = await tx.fetch_value(
        """UPDATE settlement.closings SET entries = (
                  SELECT count(*) FROM settlement.vouchers WHERE book = $1 AND month = $2)
            WHERE book = $1 AND month = $2 RETURNING entries""",
        of.book,
        of.month,
    )
    return int(entries)


async def strike_balances(tx: Tx, of: Closing, month: Month) -> None:
    """Write what stood on each account before the month, what moved, and what stands after it.

    What is empty and did not move has no row. The legs are taken by their day, as the numbers were: a join
    with the numbers would unfold the journal once for each of them.
    """
    await tx.execute(
        """INSERT INTO settlement.period_balances
                  (book, month, account_id, opening, debits, credits, closing)
           SELECT $1, $2, account_id, sum(opening), sum(debits), sum(credits),
                  sum(opening) + sum(credits) - sum(debits)
             FROM (SELECT account_id, closing AS opening, 0 AS debits, 0 AS credits
                     FROM settlement.period_balances
                    WHERE book = $1 AND month = (
                          SELECT max(month) FROM settlement.closings
                           WHERE book = $1 AND month < $2)
                   UNION ALL
                   SELECT p.account_id, 0, CASE WHEN p.amount < 0 THEN -p.amount ELSE 0 END,
                          CASE WHEN p.amount > 0 THEN p.amount ELSE 0 END
                     FROM settlement.postings p
                     JOIN settlement.accounts a ON a.id = p.account_id AND a.book = $1
                    WHERE p.value_on <= $4
                      AND (p.value_on >= $3 OR NOT EXISTS (
                           SELECT FROM settlement.closings c WHERE c.book = $1 AND c.month < $2))
                  ) moved
            GROUP BY account_id
           HAVING sum(opening) <> 0 OR sum(debits) <> 0 OR sum(credits) <> 0""",
        of.book,
        of.month,
        month.first_day,
        month.last_day,
    )


async def save_chain(tx: Tx, of: Closing, *, chained: int, head: bytes) -> None:
    """Write how many entries are chained by now, and the last link."""
    await tx.execute(
        """UPDATE settlement.closings SET chained = $3, head = $4
            WHERE book = $1 AND month = $2""",
        of.book,
        of.month,
        chained,
        head,
    )


async def seal(tx: Tx, of: Closing, *, now: dt.datetime, record: bytes) -> None:
    """Write the record of a month. The database lets nothing of it change from then on."""
    await tx.execute(
        """UPDATE settlement.closings SET sealed_at = $3, record = $4
            WHERE book = $1 AND month = $2""",
        of.book,
        of.month,
        now,
        record,
    )


async def lines(tx: Tx, book: str, month: str) -> list[Row]:
    """Return the balances of a month, one row per purpose."""
    return await tx.fetch(
        """SELECT a.purpose, count(*) AS accounts, sum(b.opening)::bigint AS opening,
                  sum(b.debits)::bigint AS debits, sum(b.credits)::bigint AS credits,
                  sum(b.closing)::bigint AS closing
             FROM settlement.period_balances b
             JOIN settlement.accounts a ON a.id = b.account_id
            WHERE b.book = $1 AND b.month = $2
            GROUP BY a.purpose ORDER BY a.purpose""",
        book,
        month,
    )


async def standings(tx: Tx, book: str, month: str, account: str | None = None) -> list[Standing]:
    """Return the accounts that should be empty at the end of a month and are not, or one of them."""
    rows = await tx.fetch(
        """WITH standing AS MATERIALIZED (
               SELECT a.code, a.purpose, b.closing,
                      CASE WHEN a.purpose = ANY ($4) THEN a.owner::uuid END AS order_id
                 FROM settlement.period_balances b
                 JOIN settlement.accounts a ON a.id = b.account_id
                WHERE b.book = $1 AND b.month = $2 AND b.closing <> 0 AND a.purpose = ANY ($3)
                  AND ($5::text IS NULL OR a.code = $5))
           SELECT s.code, s.purpose, s.closing, e.state AS escrow_state,
                  (e.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_on,
                  x.explanation, x.explained_by_name
             FROM standing s
             LEFT JOIN settlement.escrows e ON e.order_id = s.order_id
             LEFT JOIN settlement.period_explanations x
               ON x.book = $1 AND x.month = $2 AND x.account = s.code
            ORDER BY s.code""",
        book,
        month,
        list(PASSING_THROUGH),
        list(OF_ORDERS),
        account,
    )
    return [
        Standing(
            account=row["code"],
            purpose=row["purpose"],
            balance_fen=row["closing"],
            escrow_state=row["escrow_state"],
            escrow_closed_on=row["closed_on"],
            explanation=row["explanation"],
            explained_by_name=row["explained_by_name"],
        )
        for row in rows
    ]


async def insert_explanation(tx: Tx, **values: Any) -> None:
    """Insert what a person wrote about an account."""
    await tx.insert(PERIOD_EXPLANATIONS, **values)


async def digests(tx: Tx, of: Closing, *, after: int, limit: int) -> list[bytes]:
    """Return the digests of a month's entries in the order of their numbers, from ``after`` on."""
    rows = await tx.fetch(
        """SELECT j.record_sha256
             FROM settlement.vouchers v JOIN settlement.entries j ON j.key = v.key
            WHERE v.book = $1 AND v.month = $2 AND v.number > $3 ORDER BY v.number LIMIT $4""",
        of.book,
        of.month,
        after,
        limit,
    )
    return [row["record_sha256"] for row in rows]


# ── the months themselves, which the ledger asks when an entry is posted ──


async def lock_state(tx: Tx, book: str, month: Month) -> State:
    """Return the state of a month, kept from others until the transaction ends; open if new."""
    await tx.execute(
        """INSERT INTO settlement.periods (book, month, state) VALUES ($1, $2, 'open')
           ON CONFLICT DO NOTHING""",
        book,
        month.first_day,
    )
    return State(
        await tx.fetch_value(
            "SELECT state FROM settlement.periods WHERE book = $1 AND month = $2 FOR UPDATE",
            book,
            month.first_day,
        )
    )


async def save_state(tx: Tx, book: str, month: Month, state: State) -> None:
    """Write the state of a month."""
    await tx.execute(
        "UPDATE settlement.periods SET state = $3 WHERE book = $1 AND month = $2",
        book,
        month.first_day,
        state.value,
    )


def closing(row: Row) -> Closing:
    """Return a closing as its row tells it."""
    return Closing(**{name: row[name] for name in Closing.__struct_fields__})
