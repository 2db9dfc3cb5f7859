"""Table and statements of what buyers state to be destroyed (销毁说明)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Tx
from market.orders.model import DestructionStatement

_INSTANT: Final = sa.DateTime(timezone=True)

DESTRUCTION_STATEMENTS: Final = sa.Table(
    "destruction_statements",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("content_sha256", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("fingerprint_id", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("destroyed_on", sa.Date, nullable=False),
    sa.Column("destroyed_by", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text),
    sa.Column("stated_at", _INSTANT, nullable=False),
    schema="market",
)


async def insert(tx: Tx, statement: DestructionStatement) -> None:
    """Keep a statement of destruction; an order has one."""
    await tx.insert(
        DESTRUCTION_STATEMENTS,
        **msgspec.structs.asdict(statement) | {"content_sha256": list(statement.content_sha256)},
    )


async def find(tx: Tx, order_id: uuid.UUID) -> DestructionStatement | None:
    """Return the statement of an order, or None if the actor sees none."""
    row = await tx.fetch_one(
        """
        SELECT order_id, buyer_party_id, supplier_party_id, content_sha256, fingerprint_id, method,
               destroyed_on, destroyed_by, evidence_sha256, stated_at
          FROM market.destruction_statements WHERE order_id = $1""",
        order_id,
    )
    return None if row is None else msgspec.convert(dict(row), DestructionStatement)


async def list_undestroyed(tx: Tx, *, buyer: uuid.UUID, now: dt.datetime) -> list[str]:
    """Return the numbers of a buyer's orders whose statement of destruction is overdue."""
    rows = await tx.fetch(
        """
        SELECT o.number FROM catalog.timers t JOIN market.orders o ON o.id = t.subject_id
         WHERE t.kind = 'destruction_statement' AND t.party_id = $1
           AND t.state IN ('open', 'overdue') AND t.ends_at <= $2
         ORDER BY t.ends_at, o.id LIMIT 20""",
        buyer,
        now,
    )
    return [row["number"] for row in rows]
