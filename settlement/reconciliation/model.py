"""Say what a statement file, a break and the gate are (对账)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.ledger.accounts import BOOK
from settlement.reconciliation.differences import Desk, Kind, Way
from settlement.reconciliation.statement_file import Move
from settlement.reconciliation.states import State


class StatementFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a channel stated a day with, and what holding it against our books came to."""

    id: uuid.UUID
    channel: str
    stated_on: dt.date
    sha256: str
    line_count: int
    total_fen: int
    fee_bps: int  # what the channel may keep by contract, when this was loaded
    loaded_at: dt.datetime
    loaded_by: uuid.UUID | None
    reconciled_at: dt.datetime | None = None
    matched_count: int | None = None
    break_count: int | None = None
    fee_key: uuid.UUID | None = None  # the first entry that books the fees of the day


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference as the comparison finds it."""

    kind: Kind
    move: Move
    reference: str
    transaction_id: str | None
    line_id: int | None
    ours_fen: int | None
    theirs_fen: int | None
    difference_fen: int


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One difference, kept until it is explained or settled (差错)."""

    id: uuid.UUID
    file_id: uuid.UUID
    channel: str
    kind: Kind
    move: Move
    reference: str
    transaction_id: str | None
    ours_fen: int | None
    theirs_fen: int | None
    difference_fen: int
    state: State
    desk: Desk
    found_on: dt.date
    found_at: dt.datetime
    due_on: dt.date
    age_days: int = 0  # working days since it was found, until it was resolved
    booked_key: uuid.UUID | None = None  # the entry that took it out of the clearing account
    way: Way | None = None
    reason: str | None = None
    proposed_by: uuid.UUID | None = None
    resolved_by: uuid.UUID | None = None
    resolved_at: dt.datetime | None = None
    resolving_key: uuid.UUID | None = None
    book: str = BOOK  # of what is told about; the market's, if nobody knows what that is


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a channel's clearing account is explained to the fen (对账闸门).

    ``clearing`` is what the channel should hold for us, ``stated`` what its statements come to,
    ``differences`` the open breaks, ``not_stated`` what happened after its last statement.
    """

    channel: str
    stated_until: dt.date | None
    clearing_fen: int
    stated_fen: int
    differences_fen: int
    not_stated_fen: int
    open_breaks: int

    @property
    def unexplained_fen(self) -> int:
        """Return what nobody can explain; zero when all is well."""
        return self.clearing_fen - self.stated_fen - self.differences_fen - self.not_stated_fen
