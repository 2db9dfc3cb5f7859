"""Say what an escrow is, and what a release and a refund come to (资金托管)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.escrow.states import State
from settlement.ledger.accounts import Book
from settlement.ledger.journal import Entry, Leg
from settlement.money import Fen
from settlement.taxes.model import Tax


class Escrow(msgspec.Struct, frozen=True, kw_only=True):
    """The buyer's money for one order, and where it is.

    ``payee_party_id`` is the other side of the order: it sees the money and may give it back. Who
    gets it is for the split to say.
    """

    order_id: uuid.UUID
    payer_party_id: uuid.UUID
    payee_party_id: uuid.UUID | None
    amount_fen: Fen
    state: State
    opened_at: dt.datetime
    funded_at: dt.datetime | None
    closed_at: dt.datetime | None
    funding_key: uuid.UUID | None
    closing_key: uuid.UUID | None
    captured_fen: int = 0  # what went to those who share
    refunded_fen: int = 0  # what went back
    book: Book = Book.MARKET  # in which its money is accounted, from pay-in to payout (账套)
    tax: Tax | None = None  # at which rate tax is in it; None: the order does not say

    @property
    def left_fen(self) -> int:
        """Return what is still in it, once it was paid."""
        return self.amount_fen - self.captured_fen - self.refunded_fen


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """An escrow that was released: who was credited with what, by which entry."""

    order_id: uuid.UUID
    amount_fen: Fen
    released_at: dt.datetime
    journal_key: uuid.UUID
    record_sha256: str
    credits: tuple[Leg, ...]
    is_replay: bool


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """An escrow that goes back to the buyer."""

    order_id: uuid.UUID
    payer_party_id: uuid.UUID
    amount_fen: Fen
    refunded_at: dt.datetime
    journal_key: uuid.UUID
    record_sha256: str
    is_replay: bool


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an escrow that went to those who share (分次划付)."""

    order_id: uuid.UUID
    amount_fen: Fen
    captured_at: dt.datetime
    journal_key: uuid.UUID
    record_sha256: str
    credits: tuple[Leg, ...]
    is_replay: bool


def release_of(entry: Entry, *, is_replay: bool) -> Release:
    """Return the release that an entry made."""
    assert entry.order_id is not None, "the kind of the entry demands it"
    return Release(
        order_id=entry.order_id,
        amount_fen=entry.amount_fen,
        released_at=entry.booked_at,
        journal_key=entry.key,
        record_sha256=entry.digest().hex(),
        credits=entry.legs[1:],
        is_replay=is_replay,
    )


def refund_of(entry: Entry, *, payer_party_id: uuid.UUID, is_replay: bool) -> Refund:
    """Return the refund that an entry made."""
    assert entry.order_id is not None, "the kind of the entry demands it"
    return Refund(
        order_id=entry.order_id,
        payer_party_id=payer_party_id,
        amount_fen=entry.amount_fen,
        refunded_at=entry.booked_at,
        journal_key=entry.key,
        record_sha256=entry.digest().hex(),
        is_replay=is_replay,
    )


def capture_of(entry: Entry, *, is_replay: bool) -> Capture:
    """Return the capture that an entry made."""
    assert entry.order_id is not None, "the kind of the entry demands it"
    return Capture(
        order_id=entry.order_id,
        amount_fen=entry.amount_fen,
        captured_at=entry.booked_at,
        journal_key=entry.key,
        record_sha256=entry.digest().hex(),
        credits=entry.legs[1:],
        is_replay=is_replay,
    )
