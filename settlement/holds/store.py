"""Store holds and what was captured of them. The database moves the guard of the account with them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from settlement.holds.model import Hold, Reason
from settlement.holds.states import State
from settlement.ledger.accounts import account

HOLDS: Final = sa.Table(
    "holds",
    METADATA,
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.Uuid),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("captured_fen", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("released_fen", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    schema="settlement",
)
HOLD_CAPTURES: Final = sa.Table(
    "hold_captures",
    METADATA,
    sa.Column("journal_key", sa.Uuid, primary_key=True),
    sa.Column("hold_key", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)

SELECT: Final = """
    SELECT h.key, a.code, a.book, h.order_id, h.reason, h.amount_fen, h.captured_fen,
           h.released_fen, h.state, h.placed_at, h.expires_at, h.closed_at
      FROM settlement.holds h JOIN settlement.accounts a ON a.id = h.account_id"""


async def insert(tx: Tx, hold: Hold, *, account_id: int) -> bool:
    """Insert a hold; return False, and hold nothing, if its key is there already."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.holds (key, account_id, order_id, reason, amount_fen, state,
                  placed_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO NOTHING RETURNING true""",
        hold.key,
        account_id,
        hold.order_id,
        str(hold.reason),
        hold.amount_fen,
        str(hold.state),
        hold.placed_at,
        hold.expires_at,
    )
    return bool(inserted)


async def lock(tx: Tx, key: uuid.UUID) -> Hold | None:
    """Return a hold, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE h.key = $1 FOR UPDATE OF h", key)
    return None if row is None else hold(row)


async def capture(
    tx: Tx, key: uuid.UUID, *, journal_key: uuid.UUID, amount_fen: int, now: dt.datetime
) -> None:
    """Insert what an entry captures; the database takes it off the hold and frees it for the entry."""
    await tx.insert(
        HOLD_CAPTURES,
        journal_key=journal_key,
        hold_key=key,
        amount_fen=amount_fen,
        captured_at=now,
    )


async def find_capture(tx: Tx, journal_key: uuid.UUID) -> tuple[uuid.UUID, int] | None:
    """Return which hold an entry captured, and how much of it, or None."""
    row = await tx.fetch_one(
        "SELECT hold_key, amount_fen FROM settlement.hold_captures WHERE journal_key = $1",
        journal_key,
    )
    return None if row is None else (row["hold_key"], row["amount_fen"])


async def free(tx: Tx, key: uuid.UUID, *, state: State, amount_fen: int, now: dt.datetime) -> None:
    """Set that what was left is free again, and by what."""
    await tx.execute(
        """UPDATE settlement.holds SET state = $2, released_fen = $3, closed_at = $4
            WHERE key = $1""",
        key,
        str(state),
        amount_fen,
        now,
    )


def hold(row: Row) -> Hold:
    """Return the hold in a row."""
    return Hold(
        key=row["key"],
        account=account(row["code"]),
        book=row["book"],
        order_id=row["order_id"],
        reason=Reason(row["reason"]),
        amount_fen=row["amount_fen"],
        placed_at=row["placed_at"],
        expires_at=row["expires_at"],
        state=State(row["state"]),
        captured_fen=row["captured_fen"],
        released_fen=row["released_fen"],
        closed_at=row["closed_at"],
    )
