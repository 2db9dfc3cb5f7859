"""Table and statements of the proposals to lower a level."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from catalog.reclassifications.model import ReclassificationRecord

RECLASSIFICATIONS: Final = sa.Table(
    "reclassifications",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("scheme", sa.Text, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("level_of_sources", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("evidence_file_id", sa.Uuid, nullable=False),
    sa.Column("evidence_sha256", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Uuid),
    sa.Column("proposed_by_name", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_by_name", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("remark", sa.Text),
    schema="catalog",
)


async def insert(tx: Tx, record: ReclassificationRecord) -> bool:
    """Add a proposal; False if one for the product waits already."""
    values: dict[str, Any] = msgspec.structs.asdict(record)
    touched = await tx.execute(
        """
        INSERT INTO catalog.reclassifications (
            id, product_id, supplier_party_id, state, scheme, level, category, level_of_sources,
            reason, evidence_file_id, evidence_sha256, proposed_by, proposed_by_name, proposed_at)
        VALUES ($1, $2, $3, 'proposed', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (product_id) WHERE state = 'proposed' DO NOTHING""",
        *(
            values[name]
            for name in (
                "id", "product_id", "supplier_party_id", "scheme", "level", "category",
                "level_of_sources", "reason", "evidence_file_id", "evidence_sha256", "proposed_by",
                "proposed_by_name", "proposed_at",
            )
        ),
    )  # fmt: skip
    return touched == 1


async def update(tx: Tx, record: ReclassificationRecord) -> None:
    """Write back what may change of a proposal that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.reclassifications
           SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5, remark = $6
         WHERE id = $1""",
        record.id,
        record.state.value,
        record.decided_by,
        record.decided_by_name,
        record.decided_at,
        record.remark,
    )
    assert touched == 1, "a locked proposal can not vanish"


async def find(tx: Tx, reclassification_id: uuid.UUID) -> ReclassificationRecord | None:
    """Return a proposal that the actor may see, or None; unlocked, to lock its product first."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", reclassification_id)
    return None if row is None else msgspec.convert(dict(row), ReclassificationRecord)


async def lock(tx: Tx, reclassification_id: uuid.UUID) -> ReclassificationRecord | None:
    """Lock and return a proposal that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", reclassification_id)
    return None if row is None else msgspec.convert(dict(row), ReclassificationRecord)


async def list_page(
    tx: Tx,
    *,
    product_id: uuid.UUID | None,
    state: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[ReclassificationRecord]:
    """Return proposals that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR product_id = $1) AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        product_id,
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), ReclassificationRecord) for row in rows]


_SELECT: Final = """
    SELECT id, product_id, supplier_party_id, state, scheme, level, category, level_of_sources,
           reason, evidence_file_id, evidence_sha256, proposed_by, proposed_by_name, proposed_at,
           decided_by, decided_by_name, decided_at, remark
      FROM catalog.reclassifications"""
