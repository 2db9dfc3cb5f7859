"""Tables and statements of what products were: revisions, when the public saw which, tombstones."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Tx
from catalog.products.model import Product, ProductId
from catalog.products.revisions import Revision, RevisionLine, Tombstone

PRODUCT_REVISIONS: Final = sa.Table(
    "product_revisions",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("description", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

PRODUCT_SHOWINGS: Final = sa.Table(
    "product_showings",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("first_shown_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

PRODUCT_TOMBSTONES: Final = sa.Table(
    "product_tombstones",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    schema="catalog",
)


async def add(tx: Tx, product: Product, *, reason: str | None) -> None:
    """Keep the product as it stands now under its version."""
    await add_many(tx, [product], reason=reason)


async def add_many(tx: Tx, products: Sequence[Product], *, reason: str | None) -> None:
    """Keep products as they stand now, each under its version."""
    await tx.insert_many(
        PRODUCT_REVISIONS,
        [
            {
                "product_id": product.id,
                "version": product.version,
                "state": product.state.value,
                "name": product.name,
                "supplier_name": product.supplier_name,
                "description": msgspec.to_builtins(product.description),
                "reason": reason,
                "revised_at": product.updated_at,
            }
            for product in products
        ],
    )


async def note_shown(tx: Tx, product_id: ProductId, version: int, *, now: dt.datetime) -> None:
    """Note that everybody sees this version from now on; once is enough."""
    await tx.execute(
        """
        INSERT INTO catalog.product_showings (product_id, version, first_shown_at)
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING""",
        product_id,
        version,
        now,
    )


async def was_shown(tx: Tx, product_id: ProductId) -> bool:
    """Tell whether everybody ever saw the product."""
    found: bool = await tx.fetch_value(
        "SELECT EXISTS (SELECT 1 FROM catalog.product_showings WHERE product_id = $1)", product_id
    )
    return found


async def bury(tx: Tx, product: Product, *, reason: str) -> None:
    """Leave a tombstone for a product that everybody saw and that is taken back."""
    await tx.insert(
        PRODUCT_TOMBSTONES,
        product_id=product.id,
        name=product.name,
        supplier_name=product.supplier_name,
        withdrawn_at=product.updated_at,
        reason=reason,
    )


async def find_tombstone(tx: Tx, product_id: uuid.UUID) -> Tombstone | None:
    """Return the tombstone of a product, None if it has none."""
    row = await tx.fetch_one(
        """
        SELECT product_id, name, supplier_name, withdrawn_at, reason
          FROM catalog.product_tombstones WHERE product_id = $1""",
        product_id,
    )
    return None if row is None else msgspec.convert(dict(row), Tombstone)


async def list_lines(
    tx: Tx, product_id: uuid.UUID, *, public_only: bool, before: int | None, limit: int
) -> list[RevisionLine]:
    """Return versions of a product, the newest first, older than ``before``."""
    rows = await tx.fetch(
        """
        SELECT r.version, r.state, r.name, r.reason, r.revised_at,
               s.version IS NOT NULL AS was_public
          FROM catalog.product_revisions r
          LEFT JOIN catalog.product_showings s USING (product_id, version)
         WHERE r.product_id = $1 AND ($2::bool IS FALSE OR s.version IS NOT NULL)
           AND ($3::int IS NULL OR r.version < $3)
         ORDER BY r.version DESC LIMIT $4""",
        product_id,
        public_only,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), RevisionLine) for row in rows]


async def find(tx: Tx, product_id: uuid.UUID, version: int) -> Revision | None:
    """Return one version of a product, or None."""
    row = await tx.fetch_one(
        """
        SELECT r.version, r.state, r.name, r.supplier_name, r.description, r.reason, r.revised_at,
               s.version IS NOT NULL AS was_public
          FROM catalog.product_revisions r
          LEFT JOIN catalog.product_showings s USING (product_id, version)
         WHERE r.product_id = $1 AND r.version = $2""",
        product_id,
        version,
    )
    return None if row is None else msgspec.convert(dict(row), Revision)
