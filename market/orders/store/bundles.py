"""Table and statements of bundles: orders that were placed together (组合订单)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from market.orders.model import Bundle

_INSTANT: Final = sa.DateTime(timezone=True)

BUNDLES: Final = sa.Table(
    "bundles",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("placed_at", _INSTANT, nullable=False),
    schema="market",
)


async def insert(tx: Tx, bundle: Bundle) -> None:
    """Keep that orders were placed together."""
    await tx.insert(BUNDLES, **msgspec.structs.asdict(bundle))


async def find(tx: Tx, bundle_id: uuid.UUID) -> Bundle | None:
    """Return a bundle, or None if the actor sees none."""
    row = await tx.fetch_one(
        "SELECT id, number, buyer_party_id, total_fen, placed_at FROM market.bundles WHERE id = $1",
        bundle_id,
    )
    return None if row is None else msgspec.convert(dict(row), Bundle)
