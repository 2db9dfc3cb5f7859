"""Table and statements of the anonymisation records, and which versions of content need no consent."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from market.anonymisations.model import Anonymisation

ANONYMISATIONS: Final = sa.Table(
    "anonymisations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_version", sa.Integer, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("said", postgresql.JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    schema="market",
)

ANONYMISED_VERSIONS: Final = sa.Table(
    "anonymised_versions",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("product_version", sa.Integer, primary_key=True),
    sa.Column("valid_to", sa.Date),
    schema="market",
)

SELECT: Final = """
    SELECT id, product_id, product_version, supplier_party_id, said, state, submitted_at, version,
           valid_to, decided_at, reason
      FROM market.anonymisations"""


async def insert(tx: Tx, record: Anonymisation) -> None:
    """Add a record."""
    await tx.insert(
        ANONYMISATIONS,
        **msgspec.structs.asdict(record)
        | {
            "said": msgspec.to_builtins(record.said),
            "state": record.state.value,
            "agency_party_id": record.said.agency_party_id,
        },
    )


async def lock(tx: Tx, anonymisation_id: uuid.UUID) -> Anonymisation | None:
    """Lock and return a record, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", anonymisation_id)
    return None if row is None else anonymisation_of(row)


async def update(tx: Tx, record: Anonymisation) -> None:
    """Write back what was decided of a record, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.anonymisations
           SET state = $2, valid_to = $3, decided_at = $4, reason = $5, version = $6
         WHERE id = $1""",
        record.id,
        record.state.value,
        record.valid_to,
        record.decided_at,
        record.reason,
        record.version,
    )
    assert touched == 1, "a locked record can not vanish"


async def set_until(
    tx: Tx, *, product_id: uuid.UUID, version: int, valid_to: dt.date | None
) -> None:
    """Write down until when this content needs nobody's consent; None: it needs it."""
    await tx.execute(
        """
        INSERT INTO market.anonymised_versions (product_id, product_version, valid_to)
        VALUES ($1, $2, $3)
            ON CONFLICT (product_id, product_version) DO UPDATE SET valid_to = $3""",
        product_id,
        version,
        valid_to,
    )


def anonymisation_of(row: Row) -> Anonymisation:
    """Return the record in a row."""
    return msgspec.convert(dict(row), Anonymisation)
