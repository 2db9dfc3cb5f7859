"""The nouns of this room: the two sides, a message, one side's copy of a negotiation (磋商副本)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.signing.model import Signature
from market.contracts.policy import PolicyAgreement, PolicyOffer
from market.negotiations.states import Event, State

NegotiationId = NewType("NegotiationId", uuid.UUID)

Reason = Annotated[str, Meta(max_length=2_000)]


class Role(enum.StrEnum):
    """On which side somebody stands, in the protocol's words."""

    CONSUMER = "consumer"  # 需方
    PROVIDER = "provider"  # 供方

    @property
    def other(self) -> Role:
        """Return the other side."""
        return Role.PROVIDER if self is Role.CONSUMER else Role.CONSUMER


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message (消息). Its id is the sender's; the same id is the same message, however often."""

    id: str
    event: Event
    sender: Role
    consumer_pid: str | None = None  # None: the sender does not know it yet
    provider_pid: str | None = None
    offer: PolicyOffer | None = None
    agreement: PolicyAgreement | None = None
    document: bytes | None = None  # of an agreement: words and terms, as both sign them
    signature: Signature | None = None  # of a verification or finalization, over the document
    code: str | None = None
    reason: Reason | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """What one side knows of a negotiation.

    ``state`` is where both stand as far as this side knows: what it said itself counts once the
    other side has acknowledged it. Only an ending counts at once. ``pending`` are the messages
    that were kept and of which no answer is known, the first of them first.
    """

    role: Role
    own_pid: str
    other_pid: str | None
    state: State
    offer: PolicyOffer  # the last one that is on the table
    offered_by: Role
    agreement: PolicyAgreement | None = None
    document: bytes | None = None
    consumer_signature: Signature | None = None
    provider_signature: Signature | None = None
    pending: tuple[Message, ...] = ()
    code: str | None = None  # why it ended, or why the last message was refused
    reason: str | None = None

    @property
    def consumer_pid(self) -> str | None:
        """Return by which name the consumer knows it."""
        return self.own_pid if self.role is Role.CONSUMER else self.other_pid

    @property
    def provider_pid(self) -> str | None:
        """Return by which name the provider knows it."""
        return self.own_pid if self.role is Role.PROVIDER else self.other_pid


class Outcome(enum.StrEnum):
    """What became of a message (消息结果)."""

    PENDING = "pending"  # kept, to be sent, no answer known
    ACKNOWLEDGED = "acknowledged"  # the other side has taken it
    REFUSED = "refused"  # the other side has answered with an error
    WITHDRAWN = "withdrawn"  # an ending came before it
    GIVEN_UP = "given_up"  # no answer after so many attempts


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a side answers to a message: its acknowledgement, or the code of an error."""

    pid: str | None  # the receiver's name for the negotiation, if it has one
    state: State | None  # where its copy stands; None: it has none
    code: str | None = None  # of the refusal; None: acknowledged

    @property
    def is_acknowledged(self) -> bool:
        """Tell whether the message was taken."""
        return self.code is None


class Negotiation(msgspec.Struct, frozen=True, kw_only=True):
    """One side's copy with whose it is, and how long it has waited."""

    id: NegotiationId  # ``own_pid`` is its URN
    party_id: PartyId
    other_party_id: PartyId
    product_id: uuid.UUID
    copy: Copy
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one side keeps it: sent or received, and what became of it (消息记录)."""

    message: Message
    is_sent: bool
    outcome: Outcome
    at: dt.datetime
    settled_at: dt.datetime | None = None
    attempts: int = 0
    next_attempt_at: dt.datetime | None = None
    code: str | None = None
