"""Say what a batch of payouts is, and one line of it (付款批次)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.payouts.states import State


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on an account of a party and may leave it."""

    book: str
    purpose: str
    party_id: uuid.UUID
    amount_fen: int


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """One payment to one party. ``reference`` is ours, as the bank sees it."""

    id: uuid.UUID
    batch_id: uuid.UUID
    reference: str
    book: str
    purpose: str
    party_id: uuid.UUID
    beneficiary_id: uuid.UUID
    amount_fen: int
    state: State
    sent_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    transaction_id: str | None = None
    reason: str | None = None  # why it was returned, or not sent
    payout_key: uuid.UUID | None = None  # the entry that took it off what is owed
    ending_key: uuid.UUID | None = None  # the entry by which it was paid or came back


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch: who prepared and who approved it, and what its lines come to."""

    id: uuid.UUID
    channel: str
    minimum_fen: int
    prepared_at: dt.datetime
    prepared_by: uuid.UUID | None
    approved_at: dt.datetime | None = None
    approved_by: uuid.UUID | None = None
    cancelled_at: dt.datetime | None = None
    file_sha256: str | None = None  # of the file that the bank got
    line_count: int = 0
    total_fen: int = 0
    counts: dict[str, int] = {}  # lines by state


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was prepared, and which parties wait for a verified account."""

    batch: Batch
    left_out: tuple[uuid.UUID, ...]
