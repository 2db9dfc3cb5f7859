"""Say what a payment channel is to us (支付渠道): a port, and what passes through it.

We ask a channel to collect; the buyer pays there; the channel tells us what happened by a signed
callback, or answers when it is asked. Whatever stands behind the port, only these values cross it.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final, Protocol

import msgspec

from catalog.kernel.errors import Conflict


class EventKind(enum.StrEnum):
    """What a channel tells about a payment."""

    SUCCEEDED = "succeeded"  # 支付成功
    FAILED = "failed"  # 支付失败
    CHARGED_BACK = "charged_back"  # 拒付: the payer's bank takes the payment back
    CHARGEBACK_WON = "chargeback_won"  # 拒付申诉成功
    CHARGEBACK_LOST = "chargeback_lost"  # 拒付成立: the channel takes it off what it owes us


OF_CHARGEBACKS: Final = frozenset(
    {EventKind.CHARGED_BACK, EventKind.CHARGEBACK_WON, EventKind.CHARGEBACK_LOST}
)


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
    """One thing that a channel says happened. ``event_id`` is the channel's, unique with it.

    Of a charge-back ``channel_transaction_id`` is the number of its case; ``reference`` is the payment's.
    """

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


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What we ask a channel to send back, of which of its transactions."""

    reference: str
    paid_transaction_id: str
    amount_fen: int
    asked_at: dt.datetime


class Standing(enum.StrEnum):
    """How a payment stands at the channel (渠道查询结果)."""

    PAID = "paid"  # 已支付
    FAILED = "failed"  # 已失败
    WAITING = "waiting"  # 未付款


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel answers when it is asked; the event is the one that its callback told or lost."""

    standing: Standing
    event: ChannelEvent | None = None


class ChannelSilent(Conflict):
    """The channel does not answer. What was asked of it may have been done, or not."""

    code = "channel_silent"


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

    @property
    def lifetime(self) -> dt.timedelta:
        """Return for how long a payment that was started here may be paid."""
        ...

    async def prepare(self, request: PaymentRequest) -> Instruction:
        """Return how the buyer pays what is asked for."""
        ...

    async def ask(self, reference: str) -> Told:
        """Return how the payment with our ``reference`` stands there.

        :raises ChannelSilent: if it does not answer.
        """
        ...

    async def refund(self, request: RefundRequest) -> Told:
        """Ask for money to be sent back, once for a reference however often, and return how it stands.

        :raises ChannelSilent: if it does not answer.
        """
        ...
