"""Read notifications (通知): one's own inbox, and for the sender's side what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from catalog.audit_log.model import Subject
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.notifications import contacts, store, texts
from catalog.notifications.delivering import Message
from catalog.notifications.model import (
    Attempt,
    Channel,
    Contact,
    Delivery,
    DeliveryProof,
    DeliverySummary,
    InboxItem,
    MyContact,
    Notification,
    NotificationId,
    NotificationProof,
    ReachedAt,
)

_ABOUT_LIMIT = 500


async def list_mine(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[InboxItem]:
    """Return a page of the inbox: the unread first, in both parts the newest first.

    :raises NotPermitted: if the viewer has no inbox.
    """
    viewer.require("notification:read")
    query = paging.fingerprint("notifications", str(viewer.party))
    position = paging.decode(query, cursor, 2)
    after = None if position is None else (bool(position[0]), paging.as_id(position[1]))
    found = await store.list_of_party(
        tx, viewer.party, after=after, limit=paging.check_limit(limit) + 1
    )
    items = [as_seen(notification) for notification in found[:limit]]
    if len(found) <= limit:
        return Page(items)
    last = found[limit - 1]
    return Page(items, paging.encode(query, last.read_at is not None, str(last.id)))


async def get_mine(tx: Tx, *, viewer: Actor, notification_id: uuid.UUID) -> InboxItem:
    """Return one message of the inbox; its words only if it was opened.

    :raises NotPermitted: if the viewer has no inbox.
    :raises Missing: if it is not a message to the viewer's party.
    """
    viewer.require("notification:read")
    notification = await store.find(tx, notification_id)
    if notification is None or notification.to != viewer.party:
        raise Missing
    return as_seen(notification)


async def count_unread(tx: Tx, *, viewer: Actor) -> int:
    """Return how many messages wait to be opened.

    :raises NotPermitted: if the viewer has no inbox.
    """
    viewer.require("notification:read")
    return await store.count_unread(tx, viewer.party)


async def get_contact(tx: Tx, *, viewer: Actor) -> MyContact:
    """Return where the viewer's party is reached.

    :raises NotPermitted: if the viewer may not see it.
    """
    viewer.require("contact:manage")
    return as_mine(await store.list_contacts(tx, viewer.party))


async def list_undeliverable(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[DeliverySummary]:
    """Return a page of what could not be delivered, the newest first, for the sender's side.

    :raises NotPermitted: if the viewer does not look after notifications.
    """
    viewer.require("notification:supervise")
    query = paging.fingerprint("undeliverable")
    found = await store.list_undeliverable(
        tx,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = found[:limit]
    attempts = await store.list_attempts(tx, [d.id for d in shown])
    items = [_summary(d, attempts.get(d.id, [])) for d in shown]
    if len(found) <= limit:
        return Page(items)
    return Page(items, paging.encode(query, str(shown[-1].id)))


async def get_proof(tx: Tx, *, viewer: Actor, notification_id: uuid.UUID) -> NotificationProof:
    """Return what became of a message: every attempt with the server's answer (送达证明).

    :raises NotPermitted: if the viewer does not look after notifications.
    :raises Missing: if there is no such notification.
    """
    viewer.require("notification:supervise")
    notification = await store.find(tx, notification_id)
    if notification is None:
        raise Missing
    deliveries = await store.list_deliveries(tx, notification.id)
    attempts = await store.list_attempts(tx, [d.id for d in deliveries])
    return NotificationProof(
        id=notification.id,
        party_id=notification.to,
        topic=notification.topic,
        subject=notification.subject,
        sent_at=notification.sent_at,
        read_at=notification.read_at,
        receipt=notification.receipt,
        deliveries=tuple(
            DeliveryProof(
                delivery=_summary(d, attempts.get(d.id, [])),
                attempts=tuple(attempts.get(d.id, [])),
            )
            for d in deliveries
        ),
    )


async def list_about(tx: Tx, subject: Subject) -> list[Notification]:
    """Return the notifications about a thing, the oldest first, for the rooms above."""
    return await store.list_about(tx, subject, _ABOUT_LIMIT)


async def list_receivable(tx: Tx, *, after: uuid.UUID | None, limit: int) -> list[NotificationId]:
    """Return notifications whose receipt may be proven by now, for the job."""
    return await store.list_without_receipt(tx, after=after, limit=limit)


async def compose(tx: Tx, delivery: Delivery) -> Message:
    """Return what a delivery says, in both languages."""
    facts = delivery.facts
    if facts is None:
        assert delivery.notification_id is not None, "a delivery without facts has a notification"
        notification = await store.find(tx, delivery.notification_id)
        assert notification is not None, "notifications are never removed"
        facts = notification.facts
    text = texts.words(delivery.topic, facts)
    return Message(
        delivery_id=str(delivery.id),
        address=delivery.address,
        subject=f"{text.title_zh} · {text.title_en}",
        text=f"{text.zh}\n\n{text.en}\n",
    )


def as_seen(notification: Notification) -> InboxItem:
    """Return a notification as its recipient sees it: the words only when it was opened."""
    text = texts.words(notification.topic, notification.facts)
    receipt = notification.receipt
    return InboxItem(
        id=notification.id,
        topic=notification.topic,
        subject=notification.subject,
        title={"zh": text.title_zh, "en": text.title_en},
        text=None if notification.read_at is None else {"zh": text.zh, "en": text.en},
        sent_at=notification.sent_at,
        read_at=notification.read_at,
        received_on=None if receipt is None else receipt.received_on,
        received_by=None if receipt is None else receipt.basis,
    )


def as_mine(found: Mapping[Channel, Contact]) -> MyContact:
    """Return contacts as their owner sees them."""
    return MyContact(
        email=_reached(found[Channel.EMAIL]),
        phone=_reached(found[Channel.SMS]),
        version=version_of(found),
    )


def version_of(found: Mapping[Channel, Contact]) -> int:
    """Return the version of all contacts of a party together; each change raises it."""
    return sum(contact.version for contact in found.values())


def _reached(contact: Contact) -> ReachedAt:
    return ReachedAt(
        address=contact.address,
        confirmed_at=contact.confirmed_at,
        pending_address=contact.pending_address,
        code_expires_at=contact.code_expires_at,
    )


def _summary(delivery: Delivery, attempts: list[Attempt]) -> DeliverySummary:
    return DeliverySummary(
        id=delivery.id,
        notification_id=delivery.notification_id,
        party_id=delivery.to,
        channel=delivery.channel,
        address_masked=contacts.masked(delivery.address),
        topic=delivery.topic,
        state=delivery.state,
        attempts=delivery.attempts,
        last_answer=attempts[-1].answer if attempts else "",
        created_at=delivery.created_at,
        settled_at=delivery.settled_at,
    )
