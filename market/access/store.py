"""Table and statements of the licence grants (使用授权)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Ahead, Write, insertion
from market.access.model import Grant
from market.access.states import State

GRANTS: Final = sa.Table(
    "grants",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_version", sa.Integer, nullable=False),
    sa.Column("content_sha256", sa.Text, nullable=False),
    sa.Column("content_size_bytes", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("fingerprint_id", sa.Text, nullable=False),
    sa.Column("scope", postgresql.JSONB, nullable=False),
    sa.Column("quota", sa.BigInteger),
    sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Column("order_seq", sa.Integer, nullable=False),
    sa.Column("last_record_sha256", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("cut_off_at", sa.DateTime(timezone=True)),
    sa.Column("cut_off_reason", sa.Text),
    sa.Column("ai_generated", sa.Text, nullable=False, server_default="none"),
    sa.Column("recent", postgresql.JSONB, nullable=False, server_default="[]"),
    schema="market",
)

COLUMNS: Final = (
    "id", "order_id", "buyer_party_id", "supplier_party_id", "product_id", "product_version",
    "content_sha256", "content_size_bytes", "media_type", "file_name", "fingerprint_id", "scope",
    "state", "used", "order_seq", "last_record_sha256", "created_at", "cut_off_at",
    "cut_off_reason", "ai_generated", "recent",
)  # fmt: skip
SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM market.grants"  # noqa: S608 - our own names
_COUNT: Final = "UPDATE market.grants SET used = $2, order_seq = $3, last_record_sha256 = $4"
_LOCK: Final = "SELECT true FROM market.grants WHERE order_id = $1 FOR UPDATE"


async def insert(tx: Tx, grant: Grant) -> None:
    """Insert a grant; an order has one."""
    granted = insertion(
        GRANTS,
        **msgspec.structs.asdict(grant)
        | {
            "scope": msgspec.to_builtins(grant.scope),
            "state": grant.state.value,
            "ai_generated": grant.ai_generated.value,
            "recent": msgspec.to_builtins(grant.recent),
            "quota": grant.scope.quota,
            "valid_to": grant.scope.valid_to,
        },
    )
    await tx.write_later(granted)


async def find(tx: Tx, order_id: uuid.UUID) -> Grant | None:
    """Return the grant of an order, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE order_id = $1", order_id)
    return None if row is None else grant_of(row)


async def lock(tx: Tx, order_id: uuid.UUID) -> Grant | None:
    """Lock and return the grant of an order, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE order_id = $1 FOR UPDATE", order_id)
    return None if row is None else grant_of(row)


def locking(order_id: uuid.UUID) -> Ahead:
    """Return what locks the grant of an order as its transaction is opened."""
    return Ahead("lock_grant", _LOCK, ("uuid",), (order_id,))


async def set_state(tx: Tx, grant: Grant) -> None:
    """Write back state and cut-off of ``grant``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.grants SET state = $2, cut_off_at = $3, cut_off_reason = $4 WHERE id = $1""",
        grant.id,
        grant.state.value,
        grant.cut_off_at,
        grant.cut_off_reason,
    )
    assert touched == 1, "a locked grant can not vanish"


def counting(grant: Grant) -> Write:
    """Return what writes back what a usage event moved, while the caller holds the grant locked."""
    moved = (grant.id, grant.used, grant.order_seq, grant.last_record_sha256)
    if not grant.recent:  # most have no rate, and are spared the text
        return Write(_COUNT + " WHERE id = $1", moved)
    recent = msgspec.to_builtins(grant.recent)
    return Write(_COUNT + ", recent = $5 WHERE id = $1", (*moved, recent))


def grant_of(row: Row) -> Grant:
    """Return the grant in a row."""
    return msgspec.convert(dict(row) | {"state": State(row["state"])}, Grant)
