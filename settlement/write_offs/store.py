"""The table of write-offs (坏账核销)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.write_offs.model import WriteOff

_INSTANT: Final = sa.DateTime(timezone=True)

WRITE_OFFS: Final = sa.Table(
    "write_offs",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("ground", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("proposed_at", _INSTANT, nullable=False),
    sa.Column("proposed_by", sa.Uuid),
    sa.Column("proposed_by_name", sa.Text, nullable=False),
    sa.Column("decided_at", _INSTANT),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_by_name", sa.Text),
    sa.Column("decision_reason", sa.Text),
    sa.Column("entry_key", sa.Uuid),
    schema="settlement",
)
SELECT: Final = select_all(WRITE_OFFS)


async def insert(tx: Tx, proposed: WriteOff) -> WriteOff | None:
    """Insert a proposal and return it with its number; None if one waits for the order already."""
    number = await tx.fetch_value(
        """INSERT INTO settlement.write_offs (id, state, order_id, amount_fen, ground, evidence,
                  proposed_at, proposed_by, proposed_by_name)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (order_id) WHERE state IN ('proposed', 'written_off') DO NOTHING
           RETURNING number""",
        proposed.id,
        proposed.state.value,
        proposed.order_id,
        proposed.amount_fen,
        proposed.ground.value,
        proposed.evidence,
        proposed.proposed_at,
        proposed.proposed_by,
        proposed.proposed_by_name,
    )
    return None if number is None else msgspec.structs.replace(proposed, number=number)


async def find(tx: Tx, write_off_id: uuid.UUID) -> WriteOff | None:
    """Return a write-off, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1", write_off_id)
    return None if row is None else write_off_of(row)


async def lock(tx: Tx, write_off_id: uuid.UUID) -> WriteOff | None:
    """Return a write-off, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", write_off_id)
    return None if row is None else write_off_of(row)


async def update(tx: Tx, after: WriteOff) -> None:
    """Write back how a write-off was decided that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.write_offs
              SET state = $2, decided_at = $3, decided_by = $4, decided_by_name = $5,
                  decision_reason = $6, entry_key = $7
            WHERE id = $1""",
        after.id,
        after.state.value,
        after.decided_at,
        after.decided_by,
        after.decided_by_name,
        after.decision_reason,
        after.entry_key,
    )


def write_off_of(row: Row) -> WriteOff:
    """Return the write-off in a row."""
    return msgspec.convert(dict(row), WriteOff)
