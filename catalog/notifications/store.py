"""Tables and statements of notifications (通知), their deliveries (送达) and contacts (联系方式)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.audit_log.model import Subject
from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import AccountId, PartyId
from catalog.notifications.model import (
    Attempt,
    Basis,
    Channel,
    Contact,
    Delivery,
    DeliveryId,
    Notification,
    NotificationId,
    Receipt,
)
from catalog.notifications.receipt import Facts
from catalog.notifications.states import State
from catalog.notifications.topics import Topic

NOTIFICATIONS: Final = sa.Table(
    "notifications",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_party_id", sa.Uuid, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("facts", postgresql.JSONB, nullable=False),
    sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("read_at", sa.DateTime(timezone=True)),
    sa.Column("read_by", sa.Uuid),
    sa.Column("received_on", sa.Date),
    sa.Column("received_by", sa.Text),
    sa.Column("received_proven_at", sa.DateTime(timezone=True)),
    schema="catalog",
)

NOTIFICATION_DELIVERIES: Final = sa.Table(
    "notification_deliveries",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("notification_id", sa.Uuid),
    sa.Column("owner_party_id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("facts", postgresql.JSONB),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
    schema="catalog",
)

NOTIFICATION_ATTEMPTS: Final = sa.Table(
    "notification_attempts",
    METADATA,
    sa.Column("delivery_id", sa.Uuid, primary_key=True),
    sa.Column("owner_party_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    schema="catalog",
)

NOTIFICATION_CONTACTS: Final = sa.Table(
    "notification_contacts",
    METADATA,
    sa.Column("owner_party_id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.Column("confirmed_by", sa.Uuid),
    sa.Column("pending_address", sa.Text),
    sa.Column("code_sha256", sa.Text),
    sa.Column("code_expires_at", sa.DateTime(timezone=True)),
    sa.Column("wrong_codes", sa.Integer, nullable=False),
    sa.Column("codes_sent", sa.Integer, nullable=False),
    sa.Column("codes_since", sa.DateTime(timezone=True)),
    schema="catalog",
)


_SELECT: Final = select_all(NOTIFICATIONS)
_SELECT_DELIVERIES: Final = select_all(NOTIFICATION_DELIVERIES)
_SELECT_ATTEMPTS: Final = select_all(NOTIFICATION_ATTEMPTS)
_SELECT_CONTACTS: Final = select_all(NOTIFICATION_CONTACTS)


# ── notifications ───────────────────────────────────────────────────────────────────────────


async def insert(tx: Tx, notification: Notification) -> None:
    """Put a notification into the inbox of its party."""
    await tx.insert(
        NOTIFICATIONS,
        id=notification.id,
        owner_party_id=notification.to,
        topic=notification.topic.value,
        subject_kind=notification.subject.kind,
        subject_id=notification.subject.id,
        facts=msgspec.to_builtins(notification.facts),
        sent_at=notification.sent_at,
    )


async def find(tx: Tx, notification_id: uuid.UUID) -> Notification | None:
    """Return a notification, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", notification_id)
    return None if row is None else _notification(row)


async def lock(tx: Tx, notification_id: uuid.UUID) -> Notification | None:
    """Lock and return a notification, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", notification_id)
    return None if row is None else _notification(row)


async def mark_read(tx: Tx, notification: Notification) -> None:
    """Write when and by whom the notification was opened."""
    await tx.execute(
        "UPDATE catalog.notifications SET read_at = $2, read_by = $3 WHERE id = $1",
        notification.id,
        notification.read_at,
        notification.read_by,
    )


async def record_receipt(tx: Tx, receipt: Receipt) -> None:
    """Write the receipt; it is written once."""
    await tx.execute(
        """
        UPDATE catalog.notifications
           SET received_on = $2, received_by = $3, received_proven_at = $4
         WHERE id = $1 AND received_on IS NULL""",
        receipt.notification_id,
        receipt.received_on,
        receipt.basis.value,
        receipt.proven_at,
    )


async def list_of_party(
    tx: Tx, party_id: PartyId, *, after: tuple[bool, uuid.UUID] | None, limit: int
) -> list[Notification]:
    """Return the party's notifications: the unread first, in both parts the newest first."""
    is_read, before = after or (False, None)
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE owner_party_id = $1
           AND ($3::uuid IS NULL OR (read_at IS NOT NULL) > $2
                OR ((read_at IS NOT NULL) = $2 AND id < $3))
         ORDER BY (read_at IS NOT NULL), id DESC LIMIT $4""",
        party_id,
        is_read,
        before,
        limit,
    )
    return [_notification(row) for row in rows]


async def count_unread(tx: Tx, party_id: PartyId) -> int:
    """Return how many of the party's notifications were not opened."""
    found: int = await tx.fetch_value(
        """SELECT count(*) FROM catalog.notifications
            WHERE owner_party_id = $1 AND read_at IS NULL""",
        party_id,
    )
    return found


async def list_unread(tx: Tx, party_id: PartyId, limit: int) -> list[Notification]:
    """Return unread notifications without a receipt, the oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT} WHERE owner_party_id = $1 AND read_at IS NULL AND received_on IS NULL
         ORDER BY id LIMIT $2""",
        party_id,
        limit,
    )
    return [_notification(row) for row in rows]


async def list_about(tx: Tx, subject: Subject, limit: int) -> list[Notification]:
    """Return the notifications about a thing, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE subject_kind = $1 AND subject_id = $2 ORDER BY id LIMIT $3",
        subject.kind,
        subject.id,
        limit,
    )
    return [_notification(row) for row in rows]


async def list_without_receipt(
    tx: Tx, *, after: uuid.UUID | None, limit: int
) -> list[NotificationId]:
    """Return notifications that were read or taken outside and have no receipt yet, in order."""
    rows = await tx.fetch(
        """
        SELECT n.id FROM catalog.notifications n
         WHERE n.received_on IS NULL AND ($1::uuid IS NULL OR n.id > $1)
           AND (n.read_at IS NOT NULL OR EXISTS (
                SELECT FROM catalog.notification_deliveries d
                 WHERE d.notification_id = n.id AND d.state = 'delivered'))
         ORDER BY n.id LIMIT $2""",
        after,
        limit,
    )
    return [NotificationId(row["id"]) for row in rows]


async def receipt_facts(tx: Tx, notification: Notification) -> Facts:
    """Return by what the receipt is judged."""
    delivered_at = await tx.fetch_value(
        """SELECT min(settled_at) FROM catalog.notification_deliveries
            WHERE notification_id = $1 AND state = 'delivered'""",
        notification.id,
    )
    return Facts(
        notification_id=notification.id,
        sent_at=notification.sent_at,
        read_at=notification.read_at,
        delivered_at=delivered_at,
    )


# ── deliveries ──────────────────────────────────────────────────────────────────────────────


async def queue(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Put deliveries into the outbox; one that is there already stays as it is."""
    for delivery in deliveries:
        await tx.execute(
            """
            INSERT INTO catalog.notification_deliveries
                   (id, notification_id, owner_party_id, channel, address, topic, facts, state,
                    attempts, next_attempt_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT ON CONSTRAINT delivery_once_per_address DO NOTHING""",
            delivery.id,
            delivery.notification_id,
            delivery.to,
            delivery.channel.value,
            delivery.address,
            delivery.topic.value,
            delivery.facts,
            delivery.state.value,
            delivery.attempts,
            delivery.next_attempt_at,
            delivery.created_at,
        )


async def lease(
    tx: Tx, *, channels: Sequence[Channel], now: dt.datetime, until: dt.datetime, limit: int
) -> list[Delivery]:
    """Take what is due for oneself until ``until``; what another worker just takes is skipped."""
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT id FROM catalog.notification_deliveries
             WHERE state = 'queued' AND next_attempt_at <= $1 AND channel = ANY($3::text[])
             ORDER BY next_attempt_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE catalog.notification_deliveries d SET next_attempt_at = $2
          FROM due WHERE d.id = due.id
        RETURNING d.id, d.notification_id, d.owner_party_id, d.channel, d.address, d.topic,
                  d.facts, d.state, d.attempts, d.next_attempt_at, d.created_at, d.settled_at""",
        now,
        until,
        [channel.value for channel in channels],
        limit,
    )
    return [_delivery(row) for row in rows]


async def lock_delivery(tx: Tx, delivery_id: uuid.UUID) -> Delivery | None:
    """Lock and return a delivery, or None."""
    row = await tx.fetch_one(f"{_SELECT_DELIVERIES} WHERE id = $1 FOR UPDATE", delivery_id)
    return None if row is None else _delivery(row)


async def update_delivery(tx: Tx, delivery: Delivery) -> None:
    """Write back what may change of a delivery, which the caller holds locked."""
    await tx.execute(
        """
        UPDATE catalog.notification_deliveries
           SET state = $2, attempts = $3, next_attempt_at = $4, settled_at = $5, facts = $6
         WHERE id = $1""",
        delivery.id,
        delivery.state.value,
        delivery.attempts,
        delivery.next_attempt_at,
        delivery.settled_at,
        delivery.facts,
    )


async def insert_attempt(tx: Tx, delivery: Delivery, attempt: Attempt) -> None:
    """Insert an attempt; it is never changed."""
    await tx.insert(
        NOTIFICATION_ATTEMPTS,
        owner_party_id=delivery.to,
        **msgspec.structs.asdict(attempt),
    )


async def list_deliveries(tx: Tx, notification_id: uuid.UUID) -> list[Delivery]:
    """Return the deliveries of a notification, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_DELIVERIES} WHERE notification_id = $1 ORDER BY id", notification_id
    )
    return [_delivery(row) for row in rows]


async def list_undeliverable(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Delivery]:
    """Return deliveries that were given up, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT_DELIVERIES}
         WHERE state = 'undeliverable' AND ($1::uuid IS NULL OR id < $1)
         ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [_delivery(row) for row in rows]


async def list_attempts(tx: Tx, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Attempt]]:
    """Return the attempts of deliveries, each in their order."""
    rows = await tx.fetch(
        f"{_SELECT_ATTEMPTS} WHERE delivery_id = ANY($1::uuid[]) ORDER BY delivery_id, number",
        list(ids),
    )
    found: dict[uuid.UUID, list[Attempt]] = {}
    for row in rows:
        values: dict[str, Any] = dict(row)
        del values["owner_party_id"]
        found.setdefault(row["delivery_id"], []).append(Attempt(**values))
    return found


# ── contacts ────────────────────────────────────────────────────────────────────────────────


async def list_contacts(tx: Tx, party_id: PartyId) -> dict[Channel, Contact]:
    """Return the party's contacts; a channel that was never used is there, empty."""
    rows = await tx.fetch(
        f"{_SELECT_CONTACTS} WHERE owner_party_id = $1 ORDER BY channel", party_id
    )
    return _contacts(party_id, rows)


async def lock_contacts(tx: Tx, party_id: PartyId) -> dict[Channel, Contact]:
    """Lock and return the party's contacts, made if they were not there."""
    for channel in Channel:
        await tx.execute(
            """
            INSERT INTO catalog.notification_contacts
                   (owner_party_id, channel, version, wrong_codes, codes_sent)
            VALUES ($1, $2, 0, 0, 0) ON CONFLICT DO NOTHING""",
            party_id,
            channel.value,
        )
    rows = await tx.fetch(
        f"{_SELECT_CONTACTS} WHERE owner_party_id = $1 ORDER BY channel FOR UPDATE", party_id
    )
    return _contacts(party_id, rows)


async def update_contact(tx: Tx, contact: Contact) -> None:
    """Write back a contact, which the caller holds locked."""
    await tx.execute(
        """
        UPDATE catalog.notification_contacts
           SET version = $3, address = $4, confirmed_at = $5, confirmed_by = $6,
               pending_address = $7, code_sha256 = $8, code_expires_at = $9, wrong_codes = $10,
               codes_sent = $11, codes_since = $12
         WHERE owner_party_id = $1 AND channel = $2""",
        contact.party_id,
        contact.channel.value,
        contact.version,
        contact.address,
        contact.confirmed_at,
        contact.confirmed_by,
        contact.pending_address,
        contact.code_sha256,
        contact.code_expires_at,
        contact.wrong_codes,
        contact.codes_sent,
        contact.codes_since,
    )


def _contacts(party_id: PartyId, rows: Sequence[Row]) -> dict[Channel, Contact]:
    found = {channel: Contact(party_id=party_id, channel=channel) for channel in Channel}
    for row in rows:
        values: dict[str, Any] = dict(row)
        channel = Channel(values.pop("channel"))
        del values["owner_party_id"]
        found[channel] = Contact(party_id=party_id, channel=channel, **values)
    return found


def _notification(row: Row) -> Notification:
    notification_id = NotificationId(row["id"])
    receipt = None
    if row["received_on"] is not None:
        receipt = Receipt(
            notification_id=notification_id,
            received_on=row["received_on"],
            basis=Basis(row["received_by"]),
            proven_at=row["received_proven_at"],
        )
    return Notification(
        id=notification_id,
        to=PartyId(row["owner_party_id"]),
        topic=Topic(row["topic"]),
        subject=Subject(row["subject_kind"], row["subject_id"]),
        facts=row["facts"],
        sent_at=row["sent_at"],
        read_at=row["read_at"],
        read_by=None if row["read_by"] is None else AccountId(row["read_by"]),
        receipt=receipt,
    )


def _delivery(row: Row) -> Delivery:
    found = row["notification_id"]
    return Delivery(
        id=DeliveryId(row["id"]),
        notification_id=None if found is None else NotificationId(found),
        to=PartyId(row["owner_party_id"]),
        channel=Channel(row["channel"]),
        address=row["address"],
        topic=Topic(row["topic"]),
        facts=row["facts"],
        state=State(row["state"]),
        attempts=row["attempts"],
        next_attempt_at=row["next_attempt_at"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
    )
