"""Table and statements of refunds after the release: one row per account that gave back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.journal import Leg
from settlement.money import CURRENCY, Fen
from settlement.returns.model import GivenBack, Return, To

RETURNED_LEGS: Final = sa.Table(
    "returned_legs",
    METADATA,
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("from_owed_fen", sa.BigInteger, nullable=False),
    sa.Column("from_retention_fen", sa.BigInteger, nullable=False),
    sa.Column("from_platform_fen", sa.BigInteger, nullable=False),
    sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("what", sa.Text, nullable=False, server_default="refund"),
    schema="settlement",
)
RESTORED_LEGS: Final = sa.Table(
    "restored_legs",
    METADATA,
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("restored_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)


async def insert(
    tx: Tx,
    *,
    key: uuid.UUID,
    order_id: uuid.UUID,
    now: dt.datetime,
    parts: Sequence[GivenBack],
    what: To,
) -> None:
    """Insert what each account gave back, and for what."""
    for part in parts:
        await tx.insert(
            RETURNED_LEGS,
            key=key,
            order_id=order_id,
            returned_at=now,
            what=str(what),
            **msgspec.structs.asdict(part),
        )


async def restore(tx: Tx, *, key: uuid.UUID, account: str, now: dt.datetime) -> None:
    """Insert that an account has back what it gave."""
    await tx.insert(RESTORED_LEGS, key=key, account=account, restored_at=now)


async def is_used(tx: Tx, key: uuid.UUID) -> bool:
    """Tell whether a key stands for something that was taken back, of whatever order."""
    return bool(
        await tx.fetch_value(
            "SELECT EXISTS (SELECT FROM settlement.returned_legs WHERE key = $1)", key
        )
    )


async def list_of_order(tx: Tx, order_id: uuid.UUID) -> list[Return]:
    """Return what was taken back of an order after its release, the first one first."""
    return await _list(tx, order_id, is_restored=True)


async def list_standing(tx: Tx, order_id: uuid.UUID) -> list[Return]:
    """Return what was taken back and not given back again, the first one first."""
    return await _list(tx, order_id, is_restored=False)


async def _list(tx: Tx, order_id: uuid.UUID, *, is_restored: bool) -> list[Return]:
    rows = await tx.fetch(
        """SELECT l.key, l.account, l.order_id, l.amount_fen, l.from_owed_fen, l.from_retention_fen,
                  l.from_platform_fen, l.returned_at, l.what
             FROM settlement.returned_legs l
             LEFT JOIN settlement.restored_legs r ON r.key = l.key AND r.account = l.account
            WHERE l.order_id = $1 AND ($2 OR r.key IS NULL)
            ORDER BY l.returned_at, l.key, l.account LIMIT 10000""",
        order_id,
        is_restored,
    )
    return [_return(list(of_key)) for _, of_key in groupby(rows, key=lambda row: row["key"])]


async def list_shared(tx: Tx, order_id: uuid.UUID, *, book: str) -> list[Leg]:
    """Return what each account got of an order that was paid out in parts, by the accounts' codes."""
    rows = await tx.fetch(
        """SELECT a.purpose, a.owner, sum(p.amount)::bigint AS amount_fen
             FROM settlement.postings p
             JOIN settlement.accounts a ON a.id = p.account_id
             JOIN settlement.entries e ON e.key = p.key
            WHERE p.order_id = $1 AND p.n > 1 AND a.book = $2 AND a.purpose <> 'rounding_residual'
              AND e.kind IN ('release', 'residual_settled')
            GROUP BY a.purpose, a.owner ORDER BY a.purpose, a.owner LIMIT 1000""",
        order_id,
        book,
    )
    return [Leg(Account(Purpose(row["purpose"]), row["owner"]), row["amount_fen"]) for row in rows]


async def reversible(
    tx: Tx, order_id: uuid.UUID, account: Account, *, book: str
) -> list[tuple[uuid.UUID, int]]:
    """Return which entries of an order credited an account, and how much is not taken back of each.

    What a charge-back took and gave back again is a credit of its own.
    """
    rows = await tx.fetch(
        """SELECT p.key, p.amount - coalesce(r.reversed, 0) AS left_fen
             FROM settlement.postings p
             JOIN settlement.accounts a ON a.id = p.account_id
             JOIN settlement.entries e ON e.key = p.key
             LEFT JOIN settlement.reversed_legs r
               ON r.original = p.key AND r.account_id = p.account_id
            WHERE p.order_id = $1 AND p.n > 1 AND a.book = $2 AND a.purpose = $3 AND a.owner = $4
              AND a.currency = $5 AND e.kind IN ('release', 'chargeback_won', 'retention_released')
            ORDER BY p.key LIMIT 1000""",
        order_id,
        book,
        str(account.purpose),
        account.owner,
        CURRENCY,
    )
    return [(row["key"], row["left_fen"]) for row in rows]


async def spendable(tx: Tx, account: Account, *, book: str) -> tuple[int, int]:
    """Return what may leave an account that is guarded, and the floor of its contract (≤ 0)."""
    row = await tx.fetch_one(
        """SELECT g.posted - g.held AS spendable, g.floor
             FROM settlement.accounts a JOIN settlement.guard_balances g ON g.account_id = a.id
            WHERE a.book = $1 AND a.purpose = $2 AND a.owner = $3 AND a.currency = $4""",
        book,
        str(account.purpose),
        account.owner,
        CURRENCY,
    )
    return (0, 0) if row is None else (row["spendable"], row["floor"])


def _return(rows: list[Row]) -> Return:
    parts = tuple(
        GivenBack(
            account=row["account"],
            amount_fen=row["amount_fen"],
            from_owed_fen=row["from_owed_fen"],
            from_retention_fen=row["from_retention_fen"],
            from_platform_fen=row["from_platform_fen"],
        )
        for row in rows
    )
    return Return(
        order_id=rows[0]["order_id"],
        key=rows[0]["key"],
        amount_fen=Fen(sum(part.amount_fen for part in parts)),
        returned_at=rows[0]["returned_at"],
        parts=parts,
        what=To(rows[0]["what"]),
    )
