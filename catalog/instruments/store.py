"""Table and statements of the legal instruments (法律文书)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.instruments.model import Instrument
from catalog.kernel.db import METADATA, Tx, select_all

INSTRUMENTS: Final = sa.Table(
    "legal_instruments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("issuing_body", sa.Text, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("effective_on", sa.Date),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("new_holder_party_id", sa.Uuid),
    sa.Column("certificate_number", sa.Text),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lodged_by_party_id", sa.Uuid, nullable=False),
    sa.Column("lodged_by", sa.Uuid),
    sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("checked_by", sa.Uuid),
    sa.Column("verified_by", sa.Uuid),
    sa.Column("verified_at", sa.DateTime(timezone=True)),
    sa.Column("rejection_reason", sa.Text),
    sa.Column("applied_at", sa.DateTime(timezone=True)),
    sa.Column("applied_as", sa.Text),
    sa.Column("corrected", postgresql.JSONB),
    schema="catalog",
)

_SELECT: Final = select_all(INSTRUMENTS)


async def insert(tx: Tx, instrument: Instrument) -> bool:
    """Insert an instrument; tell False if it was lodged for this product before."""
    known = await tx.fetch_value(
        """
        SELECT 1 FROM catalog.legal_instruments
         WHERE product_id = $1 AND issuing_body = $2 AND document_number = $3
           AND state <> 'rejected'""",
        instrument.product_id,
        instrument.issuing_body,
        instrument.document_number,
    )
    if known is not None:
        return False
    values = msgspec.structs.asdict(instrument)
    plain = {name: getattr(value, "value", value) for name, value in values.items()}
    corrected = None if instrument.corrected is None else msgspec.to_builtins(instrument.corrected)
    await tx.insert(INSTRUMENTS, **{**plain, "corrected": corrected})
    return True


async def lock(tx: Tx, instrument_id: uuid.UUID) -> Instrument | None:
    """Lock and return an instrument that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", instrument_id)
    return None if row is None else msgspec.convert(dict(row), Instrument)


async def find(tx: Tx, instrument_id: uuid.UUID) -> Instrument | None:
    """Return an instrument that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", instrument_id)
    return None if row is None else msgspec.convert(dict(row), Instrument)


async def update(tx: Tx, instrument: Instrument) -> None:
    """Write back what may change of an instrument, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.legal_instruments
           SET state = $2, effective_on = $3, checked_by = $4, verified_by = $5, verified_at = $6,
               rejection_reason = $7, applied_at = $8, applied_as = $9
         WHERE id = $1""",
        instrument.id,
        instrument.state.value,
        instrument.effective_on,
        instrument.checked_by,
        instrument.verified_by,
        instrument.verified_at,
        instrument.rejection_reason,
        instrument.applied_at,
        instrument.applied_as,
    )
    assert touched == 1, "a locked instrument can not vanish"


async def list_page(
    tx: Tx, *, state: str | None, before: uuid.UUID | None, limit: int
) -> list[Instrument]:
    """Return instruments that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Instrument) for row in rows]


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[Instrument]:
    """Return the instruments about a case that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE application_id = $1 ORDER BY id LIMIT 1000", application_id
    )
    return [msgspec.convert(dict(row), Instrument) for row in rows]
