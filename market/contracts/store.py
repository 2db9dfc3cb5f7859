"""Table and statements of agreements (协议)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from market.contracts.model import Agreement

_INSTANT: Final = sa.DateTime(timezone=True)

AGREEMENTS: Final = sa.Table(
    "agreements",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("document", postgresql.BYTEA, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("buyer_signature", postgresql.JSONB, nullable=False),
    sa.Column("supplier_signature", postgresql.JSONB, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False),
    sa.Column("concluded_at", _INSTANT, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    sa.Column("follows_id", sa.Uuid),
    sa.Column("relation", sa.Text),
    sa.Column("proposed_by", sa.Uuid),
    sa.Column("reason", sa.Text),
    schema="market",
)

SELECT: Final = """
    SELECT id, buyer_party_id, supplier_party_id, product_id, state, document, sha256,
           buyer_signature, supplier_signature, ends_at, concluded_at, version, updated_at,
           follows_id, relation, proposed_by, reason
      FROM market.agreements"""


async def insert(tx: Tx, agreement: Agreement) -> None:
    """Insert an agreement that was concluded."""
    await tx.insert(
        AGREEMENTS,
        **msgspec.structs.asdict(agreement)
        | {
            "state": agreement.state.value,
            "buyer_signature": msgspec.to_builtins(agreement.buyer_signature),
            "supplier_signature": msgspec.to_builtins(agreement.supplier_signature),
            "relation": None if agreement.relation is None else agreement.relation.value,
        },
    )


async def update(tx: Tx, agreement: Agreement) -> None:
    """Write back what may change of an agreement that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.agreements
           SET state = $2, version = $3, updated_at = $4, proposed_by = $5, reason = $6
         WHERE id = $1""",
        agreement.id,
        agreement.state.value,
        agreement.version,
        agreement.updated_at,
        agreement.proposed_by,
        agreement.reason,
    )
    assert touched == 1, "a locked agreement can not vanish"


async def find(tx: Tx, agreement_id: uuid.UUID) -> Agreement | None:
    """Return an agreement that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", agreement_id)
    return None if row is None else agreement_of(row)


async def lock(tx: Tx, agreement_id: uuid.UUID) -> Agreement | None:
    """Lock and return an agreement that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", agreement_id)
    return None if row is None else agreement_of(row)


def agreement_of(row: Row) -> Agreement:
    """Return the agreement in a row."""
    return msgspec.convert(dict(row), Agreement)
