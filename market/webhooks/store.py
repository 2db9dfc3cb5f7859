"""Tables and statements of the endpoints, their secrets and the messages (网络回调)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.sealed import Box
from market.webhooks.model import Delivery, Endpoint, Taken
from market.webhooks.sealing import open_keys

_INSTANT: Final = sa.DateTime(timezone=True)
WEBHOOK_ENDPOINTS: Final = sa.Table(
    "webhook_endpoints",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("event_types", ARRAY(sa.Text), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("public_key", sa.Text),
    sa.Column("failing_since", _INSTANT),
    sa.Column("disabled_at", _INSTANT),
    sa.Column("disabled_because", sa.Text),
    schema="market",
)
WEBHOOK_SECRETS: Final = sa.Table(
    "webhook_secrets",
    METADATA,
    sa.Column("endpoint_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.Text),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("valid_until", _INSTANT),
    schema="market",
)
WEBHOOK_DELIVERIES: Final = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("endpoint_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("aggregate", sa.Text, nullable=False),
    sa.Column("log_index", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", _INSTANT, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("settled_at", _INSTANT),
    schema="market",
)
WEBHOOK_STATE: Final = sa.Table(
    "webhook_state",
    METADATA,
    sa.Column("log_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    schema="market",
)
_ENDPOINT: Final = select_all(WEBHOOK_ENDPOINTS)
_DELIVERY: Final = select_all(WEBHOOK_DELIVERIES)

# Whose thing it is. Of a complaint who is complained of hears when it is taken, and not before.
_PARTIES: Final = {
    "order": """
        SELECT unnest(ARRAY[buyer_party_id, supplier_party_id]) AS party_id
          FROM market.orders WHERE id = $1::uuid AND $2::timestamptz IS NOT NULL""",
    "listing": """
        SELECT supplier_party_id AS party_id FROM market.listings
         WHERE id = $1::uuid AND $2::timestamptz IS NOT NULL""",
    "complaint": """
        SELECT unnest(ARRAY[complainant_party_id,
                            CASE WHEN accepted_at <= $2 THEN against_party_id END]) AS party_id
          FROM market.complaints WHERE id = $1::uuid""",
    "credit_record": """
        SELECT party_id FROM market.credit_records
         WHERE id = $1::uuid AND $2::timestamptz IS NOT NULL""",
    "certificate": """
        SELECT registrant_party_id AS party_id FROM catalog.certificates
         WHERE number = $1 AND $2::timestamptz IS NOT NULL""",
}


async def insert_endpoint(tx: Tx, endpoint: Endpoint) -> None:
    """Add an endpoint."""
    await tx.insert(
        WEBHOOK_ENDPOINTS,
        **(msgspec.structs.asdict(endpoint) | {"event_types": list(endpoint.event_types)}),
    )


async def take_turn(tx: Tx, party_id: uuid.UUID) -> None:
    """Let nobody else add an endpoint of the party until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('webhooks:' || $1, 0))", str(party_id)
    )


async def count_endpoints(tx: Tx, party_id: uuid.UUID) -> int:
    """Return how many endpoints of a party are on."""
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM market.webhook_endpoints
         WHERE party_id = $1 AND disabled_at IS NULL""",
        party_id,
    )
    return count


async def update_endpoint(tx: Tx, endpoint: Endpoint) -> None:
    """Write back how an endpoint does, which the caller holds locked."""
    await tx.execute(
        """
        UPDATE market.webhook_endpoints
           SET failing_since = $2, disabled_at = $3, disabled_because = $4 WHERE id = $1""",
        endpoint.id,
        endpoint.failing_since,
        endpoint.disabled_at,
        endpoint.disabled_because,
    )


async def lock_endpoint(tx: Tx, endpoint_id: uuid.UUID) -> Endpoint | None:
    """Lock and return an endpoint that the actor may see, or None."""
    row = await tx.fetch_one(f"{_ENDPOINT} WHERE id = $1 FOR UPDATE", endpoint_id)
    return None if row is None else msgspec.convert(dict(row), Endpoint)


async def find_endpoint(tx: Tx, endpoint_id: uuid.UUID) -> Endpoint | None:
    """Return an endpoint that the actor may see, or None."""
    row = await tx.fetch_one(f"{_ENDPOINT} WHERE id = $1", endpoint_id)
    return None if row is None else msgspec.convert(dict(row), Endpoint)


async def list_endpoints(tx: Tx, party_id: uuid.UUID) -> list[Endpoint]:
    """Return a party's endpoints, the newest first."""
    rows = await tx.fetch(f"{_ENDPOINT} WHERE party_id = $1 ORDER BY id DESC LIMIT 1000", party_id)
    return [msgspec.convert(dict(row), Endpoint) for row in rows]


async def set_public_key(tx: Tx, endpoint_id: uuid.UUID, public_key: str) -> None:
    """Write down by which public key messages to an endpoint are believed from now on."""
    await tx.execute(
        "UPDATE market.webhook_endpoints SET public_key = $2 WHERE id = $1", endpoint_id, public_key
    )


async def next_number(tx: Tx, endpoint_id: uuid.UUID) -> int:
    """Return the number of the next keys of an endpoint, which the caller holds locked."""
    number: int = await tx.fetch_value(
        "SELECT coalesce(max(number), 0) + 1 FROM market.webhook_secrets WHERE endpoint_id = $1",
        endpoint_id,
    )
    return number


async def insert_keys(
    tx: Tx,
    endpoint_id: uuid.UUID,
    *,
    number: int,
    sealed: bytes,
    now: dt.datetime,
    old_until: dt.datetime,
) -> None:
    """Add sealed keys; the ones before them end at ``old_until`` at the latest."""
    await tx.execute(
        """
        UPDATE market.webhook_secrets SET valid_until = least(coalesce(valid_until, $2), $2)
         WHERE endpoint_id = $1""",
        endpoint_id,
        old_until,
    )
    await tx.insert(
        WEBHOOK_SECRETS, endpoint_id=endpoint_id, number=number, sealed=sealed, created_at=now
    )
    await tx.execute(
        "DELETE FROM market.webhook_secrets WHERE endpoint_id = $1 AND valid_until <= $2",
        endpoint_id,
        now,
    )


async def take_bare(tx: Tx, *, limit: int) -> list[Row]:
    """Lock and return secrets from before there was a key to seal them, of each endpoint the newest first."""
    return await tx.fetch(
        """
        SELECT endpoint_id, number, secret FROM market.webhook_secrets
         WHERE sealed IS NULL ORDER BY endpoint_id, number DESC LIMIT $1 FOR UPDATE SKIP LOCKED""",
        limit,
    )


async def seal(
    tx: Tx, endpoint_id: uuid.UUID, *, number: int, sealed: bytes, public_key: str
) -> None:
    """Put sealed keys in the place of a bare secret, and tell their public key if there is no newer one."""
    await tx.execute(
        """
        UPDATE market.webhook_secrets SET sealed = $3, secret = NULL
         WHERE endpoint_id = $1 AND number = $2""",
        endpoint_id,
        number,
        sealed,
    )
    await tx.execute(
        """
        UPDATE market.webhook_endpoints SET public_key = $2
         WHERE id = $1 AND public_key IS NULL""",
        endpoint_id,
        public_key,
    )


async def lock_size(tx: Tx) -> int | None:
    """Return how much of the log was told, and keep every other teller out; None: one is at it."""
    size: int | None = await tx.fetch_value(
        "SELECT size FROM market.webhook_state FOR UPDATE SKIP LOCKED"
    )
    return size


async def set_size(tx: Tx, size: int) -> None:
    """Write down how much of the log was told."""
    await tx.execute("UPDATE market.webhook_state SET size = $1", size)


async def asked_types(tx: Tx) -> set[str]:
    """Return what at least one endpoint that is on wants to be told."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT unnest(event_types) AS event_type
          FROM market.webhook_endpoints WHERE disabled_at IS NULL"""
    )
    return {row["event_type"] for row in rows}


async def list_entries(tx: Tx, *, start: int, events: Sequence[str], limit: int) -> list[Row]:
    """Return the next entries of the log that are such events, in its order."""
    return await tx.fetch(
        """
        SELECT l.idx, e.entry_id, e.at, e.event, e.subjects
          FROM audit_log.places l JOIN audit_log.entries e USING (entry_id)
         WHERE l.idx >= $1 AND l.idx < $1 + $3 AND e.event = ANY ($2::text[])
         ORDER BY l.idx""",
        start,
        list(events),
        limit,
    )


async def list_parties(tx: Tx, kind: str, identifier: str, at: dt.datetime) -> list[uuid.UUID]:
    """Return whose thing it is, or was told of it at that instant."""
    rows = await tx.fetch(_PARTIES[kind], identifier, at)
    return [row["party_id"] for row in rows if row["party_id"] is not None]


async def list_listening(
    tx: Tx, *, parties: Sequence[uuid.UUID], event_type: str, at: dt.datetime
) -> list[Endpoint]:
    """Return the endpoints of parties that were on, and wanted this, when it happened."""
    rows = await tx.fetch(
        f"""{_ENDPOINT}
         WHERE party_id = ANY ($1::uuid[]) AND disabled_at IS NULL AND $2 = ANY (event_types)
           AND created_at <= $3 ORDER BY id""",
        list(parties),
        event_type,
        at,
    )
    return [msgspec.convert(dict(row), Endpoint) for row in rows]


async def insert_delivery(tx: Tx, delivery: Delivery) -> None:
    """Add a message; of one entry each endpoint has one."""
    values = msgspec.structs.asdict(delivery) | {"state": delivery.state.value}
    await tx.insert(WEBHOOK_DELIVERIES, **values)


async def lease(
    tx: Tx, *, now: dt.datetime, until: dt.datetime, limit: int, box: Box
) -> list[Taken]:
    """Take messages that are due, of each thing the oldest alone, and keep others off till then."""
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT d.id FROM market.webhook_deliveries d
              JOIN market.webhook_endpoints e ON e.id = d.endpoint_id AND e.disabled_at IS NULL
             WHERE d.state = 'queued' AND d.next_attempt_at <= $1
               AND NOT EXISTS (
                   SELECT FROM market.webhook_deliveries b
                    WHERE b.endpoint_id = d.endpoint_id AND b.aggregate = d.aggregate
                      AND b.state = 'queued' AND b.log_index < d.log_index)
             ORDER BY d.next_attempt_at, d.id LIMIT $3
             FOR UPDATE OF d SKIP LOCKED)
        UPDATE market.webhook_deliveries SET next_attempt_at = $2
         WHERE id IN (SELECT id FROM due) RETURNING id""",
        now,
        until,
        limit,
    )
    return [await _taken(tx, row["id"], now, box) for row in rows]


async def lock_delivery(tx: Tx, delivery_id: uuid.UUID) -> Delivery | None:
    """Lock and return a message that the actor may see, or None."""
    row = await tx.fetch_one(f"{_DELIVERY} WHERE id = $1 FOR UPDATE", delivery_id)
    return None if row is None else msgspec.convert(dict(row), Delivery)


async def update_delivery(tx: Tx, delivery: Delivery) -> None:
    """Write back what became of a message that the caller holds locked."""
    await tx.execute(
        """
        UPDATE market.webhook_deliveries
           SET state = $2, attempts = $3, next_attempt_at = $4, last_status = $5,
               last_error = $6, settled_at = $7
         WHERE id = $1""",
        delivery.id,
        delivery.state.value,
        delivery.attempts,
        delivery.next_attempt_at,
        delivery.last_status,
        delivery.last_error,
        delivery.settled_at,
    )


async def list_deliveries(
    tx: Tx, *, endpoint_id: uuid.UUID, state: str | None, before: uuid.UUID | None, limit: int
) -> list[Delivery]:
    """Return the messages to an endpoint, the newest first."""
    rows = await tx.fetch(
        f"""{_DELIVERY}
         WHERE endpoint_id = $1 AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        endpoint_id,
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Delivery) for row in rows]


async def _taken(tx: Tx, delivery_id: uuid.UUID, now: dt.datetime, box: Box) -> Taken:
    row: Any = await tx.fetch_one(f"{_DELIVERY} WHERE id = $1", delivery_id)
    delivery = msgspec.convert(dict(row), Delivery)
    url: str = await tx.fetch_value(
        "SELECT url FROM market.webhook_endpoints WHERE id = $1", delivery.endpoint_id
    )
    rows = await tx.fetch(
        """
        SELECT number, sealed FROM market.webhook_secrets
         WHERE endpoint_id = $1 AND sealed IS NOT NULL
           AND (valid_until IS NULL OR valid_until > $2)
         ORDER BY number DESC""",
        delivery.endpoint_id,
        now,
    )
    keys = tuple(
        open_keys(box, each["sealed"], endpoint_id=delivery.endpoint_id, number=each["number"])
        for each in rows
    )
    return Taken(delivery=delivery, url=url, keys=keys)
