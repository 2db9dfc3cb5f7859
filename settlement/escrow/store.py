"""Store escrows: one row per order, locked while its money moves."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Write
from settlement.escrow.model import Escrow
from settlement.escrow.states import State
from settlement.ledger.accounts import Book
from settlement.taxes.model import tax_of

ESCROWS: Final = sa.Table(
    "escrows",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("payee_party_id", sa.Uuid),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("funded_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("funding_key", sa.Uuid),
    sa.Column("closing_key", sa.Uuid),
    sa.Column("captured_fen", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refunded_fen", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("book", sa.Text, nullable=False, server_default="market"),
    sa.Column("tax_rate_bps", sa.Integer),
    sa.Column("tax_zero_reason", sa.Text),
    schema="settlement",
)

SELECT: Final = """
    SELECT order_id, payer_party_id, payee_party_id, amount_fen, state, opened_at, funded_at,
           closed_at, funding_key, closing_key, captured_fen, refunded_fen, book, tax_rate_bps,
           tax_zero_reason
      FROM settlement.escrows"""


#: Many escrows at once, each by its entry, and only those that nobody moved since (``lanes``).
RELEASE_HELD: Final = """
    UPDATE settlement.escrows e
       SET state = 'released', closed_at = $3, closing_key = m.key,
           captured_fen = e.amount_fen - e.refunded_fen
      FROM unnest($1::uuid[], $2::uuid[]) AS m (order_id, key)
     WHERE e.order_id = m.order_id AND e.state = 'held' AND e.captured_fen = 0"""


async def insert(tx: Tx, escrow: Escrow) -> bool:
    """Insert an escrow; return False if the order has one already."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.escrows (order_id, payer_party_id, payee_party_id, amount_fen, state,
                  opened_at, book, tax_rate_bps, tax_zero_reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (order_id) DO NOTHING RETURNING true""",
        escrow.order_id,
        escrow.payer_party_id,
        escrow.payee_party_id,
        escrow.amount_fen,
        str(escrow.state),
        escrow.opened_at,
        str(escrow.book),
        None if escrow.tax is None else escrow.tax.rate_bps,
        None if escrow.tax is None else escrow.tax.reason,
    )
    return bool(inserted)


async def lock(tx: Tx, order_id: uuid.UUID) -> Escrow | None:
    """Return the escrow of an order, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE order_id = $1 FOR UPDATE", order_id)
    return None if row is None else escrow(row)


_FUND: Final = """UPDATE settlement.escrows SET state = $2, funded_at = $3, funding_key = $4
            WHERE order_id = $1"""


async def fund(
    tx: Tx, order_id: uuid.UUID, *, state: State, at: dt.datetime, by: uuid.UUID
) -> None:
    """Set that the money came, by which entry."""
    await tx.write_later(
        Write(
            _FUND,
            (
                order_id,
                str(state),
                at,
                by,
            ),
        )
    )


_TOP_UP: Final = """UPDATE settlement.escrows
              SET state = $2, amount_fen = amount_fen + $3, closed_at = NULL, closing_key = NULL
            WHERE order_id = $1"""


async def top_up(tx: Tx, order_id: uuid.UUID, *, state: State, amount_fen: int) -> None:
    """Set that more was paid in; an escrow that was empty is open again."""
    await tx.write_later(
        Write(
            _TOP_UP,
            (
                order_id,
                str(state),
                amount_fen,
            ),
        )
    )


_TAKE_OUT: Final = """UPDATE settlement.escrows
              SET state = $2, captured_fen = captured_fen + $3, refunded_fen = refunded_fen + $4
            WHERE order_id = $1"""


async def take_out(
    tx: Tx, order_id: uuid.UUID, *, state: State, captured_fen: int = 0, refunded_fen: int = 0
) -> None:
    """Set that a part left, to those who share or back to the buyer, and the state after it."""
    await tx.write_later(
        Write(
            _TAKE_OUT,
            (
                order_id,
                str(state),
                captured_fen,
                refunded_fen,
            ),
        )
    )


_CLOSE: Final = """UPDATE settlement.escrows
              SET state = $2, closed_at = $3, closing_key = $4, captured_fen = captured_fen + $5,
                  refunded_fen = refunded_fen + $6
            WHERE order_id = $1"""


async def close(
    tx: Tx,
    order_id: uuid.UUID,
    *,
    state: State,
    at: dt.datetime,
    by: uuid.UUID,
    captured_fen: int = 0,
    refunded_fen: int = 0,
) -> None:
    """Set that the last of the money left, to those who share or back to the buyer, by which entry."""
    await tx.write_later(
        Write(
            _CLOSE,
            (
                order_id,
                str(state),
                at,
                by,
                captured_fen,
                refunded_fen,
            ),
        )
    )


_SET_STATE: Final = "UPDATE settlement.escrows SET state = $2 WHERE order_id = $1"


async def set_state(tx: Tx, order_id: uuid.UUID, state: State) -> None:
    """Set the state alone."""
    await tx.write_later(Write(_SET_STATE, (order_id, str(state))))


def escrow(row: Row) -> Escrow:
    """Return the escrow in a row."""
    return Escrow(
        order_id=row["order_id"],
        payer_party_id=row["payer_party_id"],
        payee_party_id=row["payee_party_id"],
        amount_fen=row["amount_fen"],
        state=State(row["state"]),
        opened_at=row["opened_at"],
        funded_at=row["funded_at"],
        closed_at=row["closed_at"],
        funding_key=row["funding_key"],
        closing_key=row["closing_key"],
        captured_fen=row["captured_fen"],
        refunded_fen=row["refunded_fen"],
        book=Book(row["book"]),
        tax=tax_of(row["tax_rate_bps"], row["tax_zero_reason"]),
    )
