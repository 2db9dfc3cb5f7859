"""The nouns of this room: a notification (通知), a delivery (送达), an attempt, a contact."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any, NewType

import msgspec

from catalog.audit_log.model import Subject
from catalog.kernel.ids import AccountId, PartyId
from catalog.notifications.states import State
from catalog.notifications.topics import Topic

NotificationId = NewType("NotificationId", uuid.UUID)
DeliveryId = NewType("DeliveryId", uuid.UUID)


class Channel(enum.StrEnum):
    """A way out of the house, besides the inbox (站外渠道)."""

    EMAIL = "email"  # 电子邮件
    SMS = "sms"  # 短信


class Basis(enum.StrEnum):
    """By what a notification counts as received (送达依据, A40)."""

    READ = "read"  # 已阅读
    DEEMED = "deemed"  # 站内与站外均已送达，次一工作日视为收到


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """That a notification was received (送达回证): on which day, and by which of the two ways."""

    notification_id: NotificationId
    received_on: dt.date
    basis: Basis
    proven_at: dt.datetime  # the reading, or the instant at which the other side's server took it


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a party, in its inbox from the moment of the decision that it tells (通知)."""

    id: NotificationId
    to: PartyId
    topic: Topic
    subject: Subject
    facts: dict[str, Any]
    sent_at: dt.datetime
    read_at: dt.datetime | None = None
    read_by: AccountId | None = None
    receipt: Receipt | None = None  # recorded by the job; it does not change after


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its recipient sees it. The words are told only when it is opened (阅读回执)."""

    id: NotificationId
    topic: Topic
    subject: Subject
    title: dict[str, str]
    text: dict[str, str] | None
    sent_at: dt.datetime
    read_at: dt.datetime | None
    received_on: dt.date | None
    received_by: Basis | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way to an address outside (站外送达).

    ``facts`` are those of a message that is not in the inbox (a code); gone when it is settled.
    """

    id: DeliveryId
    notification_id: NotificationId | None
    to: PartyId
    channel: Channel
    address: str
    topic: Topic
    facts: dict[str, Any] | None
    state: State
    attempts: int
    next_attempt_at: dt.datetime
    created_at: dt.datetime
    settled_at: dt.datetime | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver, with what the other side's server answered (送达凭据)."""

    delivery_id: DeliveryId
    number: int
    at: dt.datetime
    outcome: str
    code: str
    answer: str
    message_id: str


class DeliveryProof(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with every attempt, for the sender's side (送达证明)."""

    delivery: DeliverySummary
    attempts: tuple[Attempt, ...]


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as the sender's side sees it; the address is told in part only."""

    id: DeliveryId
    notification_id: NotificationId | None
    party_id: PartyId
    channel: Channel
    address_masked: str
    topic: Topic
    state: State
    attempts: int
    last_answer: str
    created_at: dt.datetime
    settled_at: dt.datetime | None


class NotificationProof(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message, for the sender's side: read, received, and every attempt."""

    id: NotificationId
    party_id: PartyId
    topic: Topic
    subject: Subject
    sent_at: dt.datetime
    read_at: dt.datetime | None
    receipt: Receipt | None
    deliveries: tuple[DeliveryProof, ...]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach a party outside (联系方式): the confirmed address, and one to be confirmed.

    The confirmed address stays in use until the new one is proven, so that no message is lost.
    """

    party_id: PartyId
    channel: Channel
    version: int = 0
    address: str | None = None
    confirmed_at: dt.datetime | None = None
    confirmed_by: AccountId | None = None
    pending_address: str | None = None
    code_sha256: str | None = None
    code_expires_at: dt.datetime | None = None
    wrong_codes: int = 0
    codes_sent: int = 0
    codes_since: dt.datetime | None = None


class ReachedAt(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as its owner sees it."""

    address: str | None
    confirmed_at: dt.datetime | None
    pending_address: str | None
    code_expires_at: dt.datetime | None


class MyContact(msgspec.Struct, frozen=True, kw_only=True):
    """Where one's party is reached (本方联系方式)."""

    email: ReachedAt
    phone: ReachedAt
    version: int
