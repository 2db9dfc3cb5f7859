"""Table and statements of what holds the payout of an order (暂缓放款)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx

_INSTANT: Final = sa.DateTime(timezone=True)

PAYOUT_HOLDS: Final = sa.Table(
    "payout_holds",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("held_by", sa.Uuid),
    sa.Column("held_at", _INSTANT, nullable=False),
    sa.Column("lifted_at", _INSTANT),
    sa.Column("lifted_because", sa.Text),
    schema="market",
)


async def find(tx: Tx, order_id: uuid.UUID) -> uuid.UUID | None:
    """Return the hold that stands on the payout of an order, or None."""
    found: uuid.UUID | None = await tx.fetch_value(
        "SELECT id FROM market.payout_holds WHERE order_id = $1 AND lifted_at IS NULL", order_id
    )
    return found


async def insert(
    tx: Tx, *, hold_id: uuid.UUID, order_id: uuid.UUID, reason: str, by: uuid.UUID | None, now: Any
) -> None:
    """Hold the payout of an order that the caller holds locked."""
    await tx.insert(
        PAYOUT_HOLDS, id=hold_id, order_id=order_id, reason=reason, held_by=by, held_at=now
    )


async def lift(tx: Tx, hold_id: uuid.UUID, *, reason: str, now: Any) -> None:
    """Lift a hold."""
    await tx.execute(
        "UPDATE market.payout_holds SET lifted_at = $2, lifted_because = $3 WHERE id = $1",
        hold_id,
        now,
        reason,
    )
