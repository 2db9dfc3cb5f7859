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
from market.pricing.model import (
    Ceiling,
    Filing,
    FilingId,
    Inquiry,
    Receipt,
    Terms,
    UseCategory,
)
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
    sa.Column("edition", sa.Integer, nullable=False, server_default="1"),
    sa.Column("amends", sa.Uuid),
    sa.Column("inquiry", postgresql.JSONB),
    sa.Column("needs_recording", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("receipt", postgresql.JSONB),
    schema="market",
)

# Which filing holds the price of a product for a use in a scenario: one, kept by a trigger.
PRICES_HELD: Final = sa.Table(
    "prices_held",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("use_category", sa.Text, primary_key=True),
    sa.Column("scenario", sa.Text, primary_key=True),
    sa.Column("filing_id", sa.Uuid, nullable=False),
    schema="market",
)

FEE_CEILINGS: Final = sa.Table(
    "fee_ceilings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("is_trial", sa.Boolean, nullable=False),
    sa.Column("laid_down_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("applied_at", sa.DateTime(timezone=True)),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, supplier_party_id, product_id, terms, filing_number, record_sha256,
           returned_for, version, created_at, updated_at, filed_at, recorded_at, edition, amends,
           inquiry, needs_recording, receipt
      FROM market.pricing_filings"""


SELECT_CEILINGS: Final = """
    SELECT id, product_id, unit, amount_fen, document_number, authority, valid_from, valid_to,
           is_trial, laid_down_at, applied_at
      FROM market.fee_ceilings"""


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
        edition=filing.edition,
        amends=filing.amends,
    )


async def update(tx: Tx, filing: Filing, *, record: bytes | None = None) -> None:
    """Write back what may change of ``filing``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.pricing_filings
           SET state = $2, filing_number = $3, record_sha256 = $4, returned_for = $5, version = $6,
               updated_at = $7, filed_at = $8, recorded_at = $9, record = coalesce($10, record),
               inquiry = $11, needs_recording = $12, receipt = $13
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
        msgspec.to_builtins(filing.inquiry),
        filing.needs_recording,
        msgspec.to_builtins(filing.receipt),
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


async def list_of_product(tx: Tx, product_id: uuid.UUID) -> list[Filing]:
    """Return the filings of a product that the actor may see, oldest first."""
    rows = await tx.fetch(SELECT + " WHERE product_id = $1 ORDER BY id LIMIT 1000", product_id)
    return [filing_of(row) for row in rows]


async def lock_of_product(tx: Tx, product_id: uuid.UUID) -> list[Filing]:
    """Lock and return the filings of a product, oldest first."""
    rows = await tx.fetch(
        SELECT + " WHERE product_id = $1 ORDER BY id LIMIT 1000 FOR UPDATE", product_id
    )
    return [filing_of(row) for row in rows]


async def lock_replaced(tx: Tx, filing: Filing) -> list[Filing]:
    """Lock and return the filings that hold the scenarios of one that begins."""
    rows = await tx.fetch(
        SELECT
        + """
         WHERE product_id = $1 AND use_category = $2 AND id <> $3
           AND state IN ('effective', 'under_inquiry', 'suspended', 'non_compliant')
           AND terms -> 'scenarios' ?| $4::text[]
         ORDER BY id FOR UPDATE""",
        filing.product_id,
        _category(filing.terms.use_category),
        filing.id,
        list(filing.terms.scenarios),
    )
    return [filing_of(row) for row in rows]


def is_to_begin(filing: Filing) -> bool:
    """Tell whether a filing begins on its first day: recorded, or filed where that suffices."""
    if filing.state is State.FILED:
        return not filing.needs_recording
    return filing.state is State.RECORDED


async def insert_ceiling(tx: Tx, ceiling: Ceiling) -> None:
    """Insert a ceiling."""
    await tx.insert(
        FEE_CEILINGS, **(msgspec.structs.asdict(ceiling) | {"unit": ceiling.unit.value})
    )


async def list_ceilings(tx: Tx, product_id: uuid.UUID) -> list[Ceiling]:
    """Return the ceilings of a product, in the order in which they were laid down."""
    rows = await tx.fetch(
        SELECT_CEILINGS + " WHERE product_id = $1 ORDER BY id LIMIT 1000", product_id
    )
    return [msgspec.convert(dict(row), Ceiling) for row in rows]


async def find_ceilings_due(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return ceilings whose first day has come and under which nothing was held yet."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.fee_ceilings
         WHERE applied_at IS NULL AND valid_from <= $1 ORDER BY valid_from, id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


async def lock_ceiling(tx: Tx, ceiling_id: uuid.UUID) -> Ceiling | None:
    """Lock and return a ceiling, or None."""
    row = await tx.fetch_one(SELECT_CEILINGS + " WHERE id = $1 FOR UPDATE", ceiling_id)
    return None if row is None else msgspec.convert(dict(row), Ceiling)


async def mark_applied(tx: Tx, ceiling: Ceiling) -> None:
    """Write down that filings were held under a ceiling."""
    await tx.execute(
        "UPDATE market.fee_ceilings SET applied_at = $2 WHERE id = $1",
        ceiling.id,
        ceiling.applied_at,
    )


async def find_due_to_begin(tx: Tx, *, today: dt.date, limit: int) -> list[FilingId]:
    """Return filings whose first day has come: recorded, or filed where that suffices."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.pricing_filings
         WHERE (state = 'recorded' OR (state = 'filed' AND NOT needs_recording))
           AND effective_from <= $1
         ORDER BY effective_from, id LIMIT $2""",
        today,
        limit,
    )
    return [FilingId(row["id"]) for row in rows]


async def find_due_to_end(tx: Tx, *, today: dt.date, limit: int) -> list[FilingId]:
    """Return filings that hold a price and whose last day is over."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.pricing_filings
         WHERE state IN ('effective', 'under_inquiry', 'suspended', 'non_compliant')
           AND effective_to < $1
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
        edition=row["edition"],
        amends=None if row["amends"] is None else FilingId(row["amends"]),
        inquiry=msgspec.convert(row["inquiry"], Inquiry | None),
        needs_recording=row["needs_recording"],
        receipt=msgspec.convert(row["receipt"], Receipt | None),
    )


def _category(use_category: UseCategory | None) -> str:
    return "" if use_category is None else use_category.value
