"""Say what a refund is (退款)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.payments.channel import RefundRequest
from settlement.refunds.states import State


class RefundBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Refunds that a bank is told of by one file, and how many of them it has not answered (退款批次)."""

    id: uuid.UUID
    channel: str
    made_at: dt.datetime
    made_by: uuid.UUID | None
    file_sha256: str
    line_count: int
    total_fen: int
    open_count: int


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back of one payment, and by which entry it is owed. ``reference`` is ours."""

    id: uuid.UUID
    reference: str
    owed_by: uuid.UUID  # the entry that says so: one refund for each payment that it is part of
    channel: str
    paid_transaction_id: str
    order_id: uuid.UUID
    payer_party_id: uuid.UUID
    book: str
    amount_fen: int
    state: State
    created_at: dt.datetime
    send_at: dt.datetime  # when the channel is told, or asked, next
    tries: int = 0
    transaction_id: str | None = None
    settled_at: dt.datetime | None = None
    journal_key: uuid.UUID | None = None

    def request(self, now: dt.datetime) -> RefundRequest:
        """Return what the channel is asked to send back."""
        return RefundRequest(
            reference=self.reference,
            paid_transaction_id=self.paid_transaction_id,
            amount_fen=self.amount_fen,
            asked_at=now,
        )
