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
from settlement.ledger.accounts import Account
from settlement.money import CURRENCY, Fen
from settlement.returns.model import GivenBack, Return

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
    schema="settlement",
)


async def insert(
    tx: Tx, *, key: uuid.UUID, order_id: uuid.UUID, now: dt.datetime, parts: Sequence[GivenBack]
) -> None:
    """Insert what each account gave back."""
    for part in parts:
        await tx.insert(
            RETURNED_LEGS,
            key=key,
            order_id=order_id,
            returned_at=now,
            **msgspec.structs.asdict(part),
        )


async def list_of_order(tx: Tx, order_id: uuid.UUID) -> list[Return]:
    """Return the refunds of an order after its release, the first one first."""
    rows = await tx.fetch(
        """SELECT key, account, order_id, amount_fen, from_owed_fen, from_retention_fen,
                  from_platform_fen, returned_at
             FROM settlement.returned_legs WHERE order_id = $1
            ORDER BY returned_at, key, account LIMIT 10000""",
        order_id,
    )
    return [_return(list(of_key)) for _, of_key in groupby(rows, key=lambda row: row["key"])]


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
    )
