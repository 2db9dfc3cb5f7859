"""Table and statements of the usage events (使用记录). Rows are only ever added."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Write, insertion
from market.usage.model import StoredEvent, UsageEvent

USAGE_EVENTS: Final = sa.Table(
    "usage_events",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("order_seq", sa.Integer, nullable=False),
    sa.Column("grant_id", sa.Uuid, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("request_key", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("price_units", sa.BigInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("record", postgresql.BYTEA, nullable=False),
    sa.Column("record_sha256", sa.Text, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    schema="market",
)


def insertion_of(stored: StoredEvent, *, at: dt.datetime) -> Write:
    """Return what adds an event."""
    event = stored.event
    return insertion(
        USAGE_EVENTS,
        id=event.id,
        order_id=event.order_id,
        order_seq=event.order_seq,
        grant_id=event.grant_id,
        buyer_party_id=event.buyer_party_id,
        supplier_party_id=event.supplier_party_id,
        product_id=event.product_id,
        request_key=event.request_key,
        decision=event.decision.value,
        price_units=event.price_units,
        at=at,
        record=stored.record,
        record_sha256=stored.record_sha256,
        entry_id=stored.entry_id,
    )


async def was_let_through(tx: Tx, order_id: uuid.UUID, request_key: str) -> bool:
    """Tell whether a request with this key was let through before."""
    found = await tx.fetch_value(
        """
        SELECT true FROM market.usage_events
         WHERE order_id = $1 AND request_key = $2 AND decision = 'allow' LIMIT 1""",
        order_id,
        request_key,
    )
    return bool(found)


async def list_for_order(
    tx: Tx, order_id: uuid.UUID, *, after_seq: int, limit: int
) -> list[StoredEvent]:
    """Return events of an order from behind ``after_seq``, in their order."""
    rows = await tx.fetch(
        """
        SELECT record, record_sha256, entry_id FROM market.usage_events
         WHERE order_id = $1 AND order_seq > $2
         ORDER BY order_seq LIMIT $3""",
        order_id,
        after_seq,
        limit,
    )
    return [_stored(row) for row in rows]


def _stored(row: Row) -> StoredEvent:
    return StoredEvent(
        event=msgspec.json.decode(row["record"], type=UsageEvent),
        record=row["record"],
        record_sha256=row["record_sha256"],
        entry_id=row["entry_id"],
    )
