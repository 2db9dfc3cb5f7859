"""Table and statements of the proposals to destroy keys."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from catalog.key_destructions.model import KeyDestruction

KEY_DESTRUCTIONS: Final = sa.Table(
    "key_destructions",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Uuid, nullable=False),
    sa.Column("proposed_by_name", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_by_name", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("remark", sa.Text),
    schema="signing",
)

_SELECT: Final = """
    SELECT id, key_id, state, reason, proposed_by, proposed_by_name, proposed_at,
           decided_by, decided_by_name, decided_at, remark
      FROM signing.key_destructions"""


async def insert(tx: Tx, record: KeyDestruction) -> bool:
    """Add a proposal; False if one for the key waits already."""
    touched = await tx.execute(
        """
        INSERT INTO signing.key_destructions (
            id, key_id, state, reason, proposed_by, proposed_by_name, proposed_at)
        VALUES ($1, $2, 'proposed', $3, $4, $5, $6)
        ON CONFLICT (key_id) WHERE state = 'proposed' DO NOTHING""",
        record.id,
        record.key_id,
        record.reason,
        record.proposed_by,
        record.proposed_by_name,
        record.proposed_at,
    )
    return touched == 1


async def update(tx: Tx, record: KeyDestruction) -> None:
    """Write back what may change of a proposal that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE signing.key_destructions
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


async def lock(tx: Tx, destruction_id: uuid.UUID) -> KeyDestruction | None:
    """Lock and return a proposal, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", destruction_id)
    return None if row is None else _record(row)


async def list_page(
    tx: Tx, *, state: str | None, before: uuid.UUID | None, limit: int
) -> list[KeyDestruction]:
    """Return proposals, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        state,
        before,
        limit,
    )
    return [_record(row) for row in rows]


def _record(row: Row) -> KeyDestruction:
    return msgspec.convert(dict(row), KeyDestruction)
