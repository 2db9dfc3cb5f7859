"""Table and statements of retention money (质保金)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.retentions.model import Retention

_INSTANT: Final = sa.DateTime(timezone=True)

RETENTIONS: Final = sa.Table(
    "retentions",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("drawn_fen", sa.BigInteger, nullable=False),
    sa.Column("kept_by", sa.Uuid, nullable=False),
    sa.Column("kept_at", _INSTANT, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("hold_key", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("released_at", _INSTANT),
    sa.Column("released_by", sa.Uuid),
    schema="settlement",
)
SELECT: Final = select_all(RETENTIONS)


async def insert(tx: Tx, kept: Retention) -> None:
    """Insert what is kept of an order."""
    words = {"state": str(kept.state), "book": str(kept.book)}
    await tx.insert(RETENTIONS, **(msgspec.structs.asdict(kept) | words))


async def update(tx: Tx, kept: Retention) -> None:
    """Write back what may change of retention money that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.retentions
              SET drawn_fen = $2, hold_key = $3, state = $4, released_at = $5, released_by = $6
            WHERE order_id = $1""",
        kept.order_id,
        kept.drawn_fen,
        kept.hold_key,
        str(kept.state),
        kept.released_at,
        kept.released_by,
    )


async def find(tx: Tx, order_id: uuid.UUID) -> Retention | None:
    """Return what is or was kept of an order, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE order_id = $1", order_id)
    return None if row is None else retention_of(row)


async def lock(tx: Tx, order_id: uuid.UUID) -> Retention | None:
    """Return what is kept of an order, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE order_id = $1 FOR UPDATE", order_id)
    return None if row is None else retention_of(row)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the orders whose retention money is to be freed, the one that is due longest first."""
    rows = await tx.fetch(
        """SELECT order_id FROM settlement.retentions WHERE state = 'kept' AND due_at <= $1
            ORDER BY due_at, order_id LIMIT $2""",
        now,
        limit,
    )
    return [row["order_id"] for row in rows]


async def list_of_party(tx: Tx, party_id: uuid.UUID, *, book: str, limit: int) -> list[Retention]:
    """Return what is and was kept from a party in a book: what is kept still, then by its day."""
    rows = await tx.fetch(
        f"""{SELECT} WHERE party_id = $1 AND book = $2
            ORDER BY state <> 'kept', due_at, order_id LIMIT $3""",
        party_id,
        book,
        limit,
    )
    return [retention_of(row) for row in rows]


def retention_of(row: Row) -> Retention:
    """Return the retention money in a row."""
    return msgspec.convert(dict(row), Retention)
