"""Say what a payment is, and what recording a callback came to (收款)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.money import Fen
from settlement.payments.callback import Break, Effect
from settlement.payments.channel import PaymentRequest
from settlement.payments.states import State


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to collect what an order costs. ``reference`` is ours, as the channel sees it."""

    id: uuid.UUID
    reference: str
    channel: str
    order_id: uuid.UUID
    payer_party_id: uuid.UUID
    amount_fen: Fen
    currency: str
    state: State
    created_at: dt.datetime
    expires_at: dt.datetime
    channel_reference: str | None
    succeeded_at: dt.datetime | None
    channel_transaction_id: str | None
    journal_key: uuid.UUID | None
    ask_at: dt.datetime | None = None  # when the channel is asked if nothing is heard
    asked: int = 0
    is_top_up: bool = False  # more for an order that pays as it uses (补款)

    def request(self) -> PaymentRequest:
        """Return what the channel is asked to collect."""
        return PaymentRequest(
            reference=self.reference,
            order_id=self.order_id,
            amount_fen=self.amount_fen,
            currency=self.currency,
            expires_at=self.expires_at,
        )


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a callback came to.

    ``is_new`` is true for the one callback that brought the money in; the order is told then.
    """

    payment: Payment | None
    effect: Effect
    found: Break | None
    is_new: bool
    is_replay: bool


class ChannelBreak(msgspec.Struct, frozen=True, kw_only=True):
    """One callback that did not fit, kept until a person has dealt with it (差错)."""

    id: uuid.UUID
    channel: str
    event_id: str
    kind: Break
    expected_fen: int | None
    told_fen: int
    payment_id: uuid.UUID | None
    found_at: dt.datetime
