"""Say what a payment channel is to us (支付渠道): a port, and what passes through it.

We ask a channel to collect; the buyer pays there; the channel tells us what happened by a signed
callback. Whatever stands behind the port, only these values cross it.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Protocol

import msgspec


class EventKind(enum.StrEnum):
    """What a channel tells about a payment."""

    SUCCEEDED = "succeeded"  # 支付成功
    FAILED = "failed"  # 支付失败


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What we ask a channel to collect. ``reference`` is ours and comes back in callbacks."""

    reference: str
    order_id: uuid.UUID
    amount_fen: int
    currency: str
    expires_at: dt.datetime


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """How the buyer pays: the channel's own reference, and where."""

    channel_reference: str
    pay_at: str


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a channel says happened. ``event_id`` is the channel's, unique with it."""

    event_id: str
    kind: EventKind
    reference: str
    amount_fen: int
    currency: str
    channel_transaction_id: str
    happened_at: dt.datetime

    def repeats(self, earlier: ChannelEvent) -> bool:
        """Tell whether this is ``earlier`` delivered again."""
        return self == earlier


class SignedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it travels: the exact body, and what stands in the headers."""

    sent_at_seconds: int
    nonce: str
    signature: str
    body: bytes


class Channel(Protocol):
    """A payment channel, seen from here."""

    @property
    def name(self) -> str:
        """Return the name by which routes and accounts know it."""
        ...

    @property
    def secret(self) -> bytes:
        """Return the key that both sides sign callbacks with."""
        ...

    async def prepare(self, request: PaymentRequest) -> Instruction:
        """Return how the buyer pays what is asked for."""
        ...
