"""Table and statements of the special prices (特别定价)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from market.special_prices.model import SpecialPrice

SPECIAL_PRICES: Final = sa.Table(
    "special_prices",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("filing_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("price_item", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("filed_fen", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Date, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, filing_id, product_id, supplier_party_id, buyer_party_id, price_item,
           quantity, amount_fen, filed_fen, reason, valid_until, version, created_at, updated_at
      FROM market.special_prices"""


async def insert(tx: Tx, price: SpecialPrice) -> None:
    """Insert a special price that was offered."""
    await tx.insert(
        SPECIAL_PRICES, **(msgspec.structs.asdict(price) | {"state": price.state.value})
    )


async def update(tx: Tx, price: SpecialPrice) -> None:
    """Write back how far ``price`` is, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.special_prices SET state = $2, version = $3, updated_at = $4 WHERE id = $1""",
        price.id,
        price.state.value,
        price.version,
        price.updated_at,
    )
    assert touched == 1, "a locked special price can not vanish"


async def find(tx: Tx, special_price_id: uuid.UUID) -> SpecialPrice | None:
    """Return the special price, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", special_price_id)
    return None if row is None else price_of(row)


async def lock(tx: Tx, special_price_id: uuid.UUID) -> SpecialPrice | None:
    """Lock and return the special price, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", special_price_id)
    return None if row is None else price_of(row)


async def list_usable(tx: Tx, *, today: dt.date) -> list[SpecialPrice]:
    """Return the special prices that the actor may see and that can be used still."""
    rows = await tx.fetch(
        SELECT + " WHERE state = 'offered' AND valid_until >= $1 ORDER BY id LIMIT 10000", today
    )
    return [price_of(row) for row in rows]


def price_of(row: Row) -> SpecialPrice:
    """Return the special price in a row."""
    return msgspec.convert(dict(row), SpecialPrice)
