"""Say what retention money is (质保金)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.ledger.accounts import Account, Book, Purpose
from settlement.money import Fen
from settlement.retentions.states import State


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one order, from whom, and until when. ``due_at`` is when it is freed."""

    order_id: uuid.UUID
    party_id: uuid.UUID
    book: Book
    amount_fen: Fen
    drawn_fen: int
    kept_by: uuid.UUID  # the entry that released the order
    kept_at: dt.datetime
    due_at: dt.datetime
    hold_key: uuid.UUID
    state: State
    released_at: dt.datetime | None = None
    released_by: uuid.UUID | None = None  # the entry that freed the rest

    @property
    def left_fen(self) -> int:
        """Return how much of it was not drawn."""
        return self.amount_fen - self.drawn_fen

    @property
    def account(self) -> Account:
        """Return the account on which it is kept."""
        return Account(Purpose.RETENTION, str(self.party_id))

    @property
    def destination(self) -> Account:
        """Return the account to which the rest goes on its day."""
        return Account(Purpose.PAYABLE, str(self.party_id))
