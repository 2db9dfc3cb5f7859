"""Send notifications (通知), open them, carry them outside, record receipts; keep contacts.

``send`` is a part of another room's command: it stands or falls with the decision that it tells,
so that no decision can be without its message. The rest are commands of this room.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing, VersionStale
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.workdays import Calendar
from catalog.notifications import contacts, delivering, queries, receipt, store, texts
from catalog.notifications.contacts import ContactCodeWrong
from catalog.notifications.delivering import Answer
from catalog.notifications.model import (
    Attempt,
    Channel,
    Contact,
    Delivery,
    DeliveryId,
    InboxItem,
    MyContact,
    Notification,
    NotificationId,
    Receipt,
)
from catalog.notifications.states import State
from catalog.notifications.topics import Topic

_CATCH_UP: Final = 200  # so many unread messages follow to a newly confirmed address
_ANSWER_LENGTH: Final = 500


async def send(
    tx: Tx,
    *,
    now: dt.datetime,
    to: PartyId,
    topic: Topic,
    subject: Subject,
    facts: Mapping[str, Any],
) -> Notification:
    """Put a message into the party's inbox, and one into the outbox for each confirmed address.

    Part of a command: what is rolled back was never sent. ``facts`` must hold what the words of
    the topic speak of; that is a fault of the caller's, not a refusal.
    """
    told: dict[str, Any] = msgspec.to_builtins(dict(facts))
    texts.words(topic, told)
    notification = Notification(
        id=NotificationId(new_id()),
        to=to,
        topic=topic,
        subject=subject,
        facts=told,
        sent_at=now,
    )
    async with beyond_own_rows(tx):  # it is for another party than the one who acts
        await store.insert(tx, notification)
        reached = await store.list_contacts(tx, to)
        await store.queue(
            tx, [_outgoing(notification, c, now=now) for c in reached.values() if c.address]
        )
    return notification


async def received(
    tx: Tx, notification_id: uuid.UUID, *, now: dt.datetime, calendar: Calendar
) -> Receipt | None:
    """Return the receipt of a notification, None if it is not proven yet (A40).

    What the job has recorded stays; before that it is judged by what is known now. For the rooms
    above, whose clocks start on ``received_on``.

    :raises Missing: if there is no such notification.
    """
    async with beyond_own_rows(tx):
        notification = await store.find(tx, notification_id)
        if notification is None:
            raise Missing
        return await _receipt(tx, notification, now=now, calendar=calendar)


# ── the recipient ───────────────────────────────────────────────────────────────────────────


async def open_one(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, notification_id: uuid.UUID
) -> InboxItem:
    """Open a message of one's own party; that is its receipt (阅读回执, A40). The first time counts.

    :raises NotPermitted: if the actor has no inbox.
    :raises Missing: if it is not a message to the actor's party.
    """
    actor.require("notification:read")
    notification = await store.lock(tx, notification_id)
    if notification is None or notification.to != actor.party:
        raise Missing
    if notification.read_at is None:
        notification = msgspec.structs.replace(notification, read_at=now, read_by=actor.account_id)
        await store.mark_read(tx, notification)
        await _remember(tx, Event.NOTIFICATION_READ, notification, actor=actor, now=now)
        notification = await _record(tx, notification, actor=actor, now=now, calendar=calendar)
    else:
        tx.remember()  # it was remembered when it was opened; this changes nothing
    return queries.as_seen(notification)


async def change_contact(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    expected_version: int,
    email: str | None,
    phone: str | None,
) -> MyContact:
    """Say where one's party is reached. A new address gets a code and counts once it came back.

    None takes an address away. What is as it was stays as it is.

    :raises NotPermitted: if the actor may not.
    :raises VersionStale: if somebody else changed it since.
    :raises ContactMalformed: if it is no address.
    :raises ContactCodesTooMany: if too many codes were asked for within a day.
    """
    actor.require("contact:manage")
    found = await store.lock_contacts(tx, actor.party)
    if queries.version_of(found) != expected_version:
        raise VersionStale
    for channel, wanted in ((Channel.EMAIL, email), (Channel.SMS, phone)):
        contact = found[channel]
        if wanted is None:
            if contact.address is not None or contact.pending_address is not None:
                found[channel] = contacts.forget(contact)
                await _store_contact(tx, Event.CONTACT_REMOVED, found[channel], actor, now)
        elif wanted != contact.address:
            contacts.check_address(channel, wanted)
            found[channel] = await _ask(tx, contact, wanted, actor=actor, now=now)
    tx.remember()  # what was as it was needs no entry
    return queries.as_mine(found)


async def confirm_contact(
    tx: Tx, *, actor: Actor, now: dt.datetime, channel: Channel, code: str
) -> MyContact | ContactCodeWrong:
    """Confirm an address by the code that was sent to it; unread messages then follow there.

    A wrong code is counted, so it is returned for the door to raise once that is stored.

    :raises NotPermitted: if the actor may not.
    :raises ContactCodeNotAsked: if no address waits.
    :raises ContactCodeUsedUp: if too many wrong codes were entered.
    """
    actor.require("contact:manage")
    found = await store.lock_contacts(tx, actor.party)
    contact = found[channel]
    contacts.check_pending(contact)
    if not contacts.is_right(contact, code, now=now):
        await _store_contact(tx, Event.CONTACT_CODE_WRONG, contacts.miss(contact), actor, now)
        return ContactCodeWrong(
            channel=channel.value, left=contacts.WRONG_CODES_MAX - contact.wrong_codes - 1
        )
    found[channel] = contacts.confirm(contact, by=actor.account_id, now=now)
    await _store_contact(tx, Event.CONTACT_CONFIRMED, found[channel], actor, now)
    unread = await store.list_unread(tx, actor.party, _CATCH_UP)
    await store.queue(tx, [_outgoing(n, found[channel], now=now) for n in unread])
    return queries.as_mine(found)


# ── the jobs ────────────────────────────────────────────────────────────────────────────────


async def take_due(
    tx: Tx, *, actor: Actor, now: dt.datetime, channels: Sequence[Channel], limit: int
) -> list[Delivery]:
    """Take deliveries that are due for this worker alone, for some minutes.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("notification:deliver")
    return await store.lease(
        tx, channels=channels, now=now, until=now + delivering.LEASE, limit=limit
    )


async def record_attempt(
    tx: Tx, *, actor: Actor, now: dt.datetime, delivery_id: DeliveryId, answer: Answer
) -> Delivery | None:
    """Record an attempt with the server's answer, and what becomes of the delivery by it.

    None if another worker settled it meanwhile: this one had it for longer than its lease.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("notification:deliver")
    delivery = await store.lock_delivery(tx, delivery_id)
    if delivery is None or delivery.state is not State.QUEUED:
        return None
    settled = delivering.settle(delivery, answer.outcome, at=now)
    await store.insert_attempt(
        tx,
        delivery,
        Attempt(
            delivery_id=delivery.id,
            number=settled.attempts,
            at=now,
            outcome=answer.outcome.value,
            code=answer.code,
            answer=answer.text[:_ANSWER_LENGTH],
            message_id=answer.message_id,
        ),
    )
    await store.update_delivery(tx, settled)
    event = _SETTLED.get(settled.state)
    if event is not None and settled.notification_id is not None:
        await audit_log.append(
            tx,
            event,
            actor=actor,
            now=now,
            subjects=[Subject("notification", str(settled.notification_id))],
            facts={
                "delivery_id": str(settled.id),
                "channel": settled.channel.value,
                "attempts": settled.attempts,
                "code": answer.code,
                "answer": answer.text[:_ANSWER_LENGTH],
                "message_id": answer.message_id,
            },
            rules=("HN-10", "HN-20"),
        )
    return settled


async def record_receipt(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, notification_id: uuid.UUID
) -> Receipt | None:
    """Record that a notification was received, once it is proven; None if it is not yet (A40).

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("notification:deliver")
    notification = await store.lock(tx, notification_id)
    if notification is None or notification.receipt is not None:
        return None
    recorded = await _record(tx, notification, actor=actor, now=now, calendar=calendar)
    return recorded.receipt


_SETTLED: Final = {
    State.DELIVERED: Event.NOTIFICATION_DELIVERED,
    State.UNDELIVERABLE: Event.NOTIFICATION_UNDELIVERABLE,
}


async def _record(
    tx: Tx, notification: Notification, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Notification:
    if notification.receipt is not None:
        return notification
    proven = await _receipt(tx, notification, now=now, calendar=calendar)
    if proven is None:
        return notification
    await store.record_receipt(tx, proven)
    recorded = msgspec.structs.replace(notification, receipt=proven)
    await _remember(
        tx,
        Event.NOTIFICATION_RECEIVED,
        recorded,
        actor=actor,
        now=now,
        facts={"received_on": proven.received_on, "basis": proven.basis.value},
    )
    return recorded


async def _receipt(
    tx: Tx, notification: Notification, *, now: dt.datetime, calendar: Calendar
) -> Receipt | None:
    if notification.receipt is not None:
        return notification.receipt
    facts = await store.receipt_facts(tx, notification)
    return receipt.received(facts, now=now, calendar=calendar)


async def _ask(
    tx: Tx, contact: Contact, address: str, *, actor: Actor, now: dt.datetime
) -> Contact:
    code = f"{secrets.randbelow(10**contacts.CODE_DIGITS):0{contacts.CODE_DIGITS}}"
    asked = contacts.ask(contact, address, code, now=now)
    await _store_contact(tx, Event.CONTACT_CODE_SENT, asked, actor, now)
    minutes = int(contacts.CODE_LIFE.total_seconds() // 60)
    # Not into the inbox: who reads the code must read it at the address.
    await store.queue(
        tx,
        [
            Delivery(
                id=DeliveryId(new_id()),
                notification_id=None,
                to=contact.party_id,
                channel=contact.channel,
                address=address,
                topic=Topic.CONTACT_CODE,
                facts={"code": code, "minutes": minutes},
                state=State.QUEUED,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
            )
        ],
    )
    return asked


async def _store_contact(
    tx: Tx, event: Event, contact: Contact, actor: Actor, now: dt.datetime
) -> None:
    await store.update_contact(tx, contact)
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(contact.party_id))],
        facts={
            "channel": contact.channel.value,
            "address": contact.address,
            "pending_address": contact.pending_address,
        },
    )


async def _remember(
    tx: Tx,
    event: Event,
    notification: Notification,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("notification", str(notification.id)),
            notification.subject,
        ],
        facts={"topic": notification.topic.value, **(facts or {})},
        rules=("HN-10", "HN-20"),
    )


def _outgoing(notification: Notification, contact: Contact, *, now: dt.datetime) -> Delivery:
    assert contact.address is not None, "only a confirmed address gets mail"
    return Delivery(
        id=DeliveryId(new_id()),
        notification_id=notification.id,
        to=notification.to,
        channel=contact.channel,
        address=contact.address,
        topic=notification.topic,
        facts=None,
        state=State.QUEUED,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )
