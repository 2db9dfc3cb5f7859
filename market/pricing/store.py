"""Table and statements of the pricing filings (定价备案)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.pricing.model import Filing, FilingId, Terms, UseCategory
from market.pricing.states import State

PRICING_FILINGS: Final = sa.Table(
    "pricing_filings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("use_category", sa.Text, nullable=False),
    sa.Column("terms", postgresql.JSONB, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
    sa.Column("filing_number", sa.Text),
    sa.Column("record", postgresql.BYTEA),
    sa.Column("record_sha256", sa.Text),
    sa.Column("returned_for", postgresql.JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("filed_at", sa.DateTime(timezone=True)),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, supplier_party_id, product_id, terms, filing_number, record_sha256,
           returned_for, version, created_at, updated_at, filed_at, recorded_at
      FROM market.pricing_filings"""


async def insert(tx: Tx, filing: Filing, *, product_name: str) -> None:
    """Insert a draft."""
    await tx.insert(
        PRICING_FILINGS,
        id=filing.id,
        state=filing.state.value,
        supplier_party_id=filing.supplier_party_id,
        product_id=filing.product_id,
        product_name=product_name,
        use_category=_category(filing.terms.use_category),
        terms=msgspec.to_builtins(filing.terms),
        effective_from=filing.terms.effective_from,
        effective_to=filing.terms.effective_to,
        returned_for=list(filing.returned_for),
        version=filing.version,
        created_at=filing.created_at,
        updated_at=filing.updated_at,
    )


async def update(tx: Tx, filing: Filing, *, record: bytes | None = None) -> None:
    """Write back what may change of ``filing``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.pricing_filings
           SET state = $2, filing_number = $3, record_sha256 = $4, returned_for = $5, version = $6,
               updated_at = $7, filed_at = $8, recorded_at = $9, record = coalesce($10, record)
         WHERE id = $1""",
        filing.id,
        filing.state.value,
        filing.filing_number,
        filing.record_sha256,
        list(filing.returned_for),
        filing.version,
        filing.updated_at,
        filing.filed_at,
        filing.recorded_at,
        record,
    )
    assert touched == 1, "a locked filing can not vanish"


async def next_number(tx: Tx) -> int:
    """Return the next serial of the filing numbers; gaps after a rollback are harmless."""
    return int(await tx.fetch_value("SELECT nextval('market.pricing_filing_numbers')"))


async def find(tx: Tx, filing_id: uuid.UUID) -> Filing | None:
    """Return the filing, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", filing_id)
    return None if row is None else filing_of(row)


async def lock(tx: Tx, filing_id: uuid.UUID) -> Filing | None:
    """Lock and return the filing, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", filing_id)
    return None if row is None else filing_of(row)


async def take_turns(tx: Tx, product_id: uuid.UUID) -> None:
    """Wait until nobody else changes which price of a product is in effect."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.pricing_filings:' || $1, 0))",
        str(product_id),
    )


async def lock_in_effect(
    tx: Tx, product_id: uuid.UUID, use_category: UseCategory | None
) -> Filing | None:
    """Lock and return the filing that a new one of the same product and use takes the place of."""
    row = await tx.fetch_one(
        SELECT
        + """
         WHERE product_id = $1 AND use_category = $2
           AND state IN ('effective', 'suspended', 'non_compliant')
         ORDER BY id DESC LIMIT 1 FOR UPDATE""",
        product_id,
        _category(use_category),
    )
    return None if row is None else filing_of(row)


async def find_due_to_begin(tx: Tx, *, today: dt.date, limit: int) -> list[FilingId]:
    """Return recorded filings whose first day has come."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.pricing_filings
         WHERE state = 'recorded' AND effective_from <= $1
         ORDER BY effective_from, id LIMIT $2""",
        today,
        limit,
    )
    return [FilingId(row["id"]) for row in rows]


async def find_due_to_end(tx: Tx, *, today: dt.date, limit: int) -> list[FilingId]:
    """Return filings in effect whose last day is over."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.pricing_filings
         WHERE state = 'effective' AND effective_to < $1
         ORDER BY effective_to, id LIMIT $2""",
        today,
        limit,
    )
    return [FilingId(row["id"]) for row in rows]


def filing_of(row: Row) -> Filing:
    """Return the filing in a row."""
    return Filing(
        id=FilingId(row["id"]),
        state=State(row["state"]),
        supplier_party_id=PartyId(row["supplier_party_id"]),
        product_id=row["product_id"],
        terms=msgspec.convert(row["terms"], Terms),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        filing_number=row["filing_number"],
        filed_at=row["filed_at"],
        recorded_at=row["recorded_at"],
        record_sha256=row["record_sha256"],
        returned_for=tuple(row["returned_for"]),
    )


def _category(use_category: UseCategory | None) -> str:
    return "" if use_category is None else use_category.value
