"""Say what a hold is, and what one capture of it was (冻结)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

from settlement.holds.states import State
from settlement.ledger.accounts import Account
from settlement.money import Fen


class Reason(enum.StrEnum):
    """For what money is held."""

    DISPUTE = "dispute"  # 争议冻结: all that is left in an escrow
    DEPOSIT = "deposit"  # 投标保证金
    RETENTION = "retention"  # 质保金


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is held on an account, and how much of it is left.

    ``key`` is the caller's: who places it again under the same key places nothing more.
    """

    key: uuid.UUID
    account: Account
    book: str
    order_id: uuid.UUID | None
    reason: Reason
    amount_fen: Fen
    placed_at: dt.datetime
    expires_at: dt.datetime | None  # the first instant that is too late; None: it runs out never
    state: State = State.HELD
    captured_fen: int = 0
    released_fen: int = 0
    closed_at: dt.datetime | None = None

    @property
    def left_fen(self) -> int:
        """Return how much is still held."""
        return self.amount_fen - self.captured_fen - self.released_fen

    def repeats(self, earlier: Hold) -> bool:
        """Tell whether this places ``earlier`` once more, perhaps at another time."""
        return _placed(self) == _placed(earlier)


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """One capture: by which entry, how much, and what the hold is after it."""

    hold: Hold
    journal_key: uuid.UUID
    amount_fen: Fen
    is_replay: bool


def _placed(hold: Hold) -> tuple[object, ...]:
    return (
        hold.key,
        hold.account,
        hold.book,
        hold.order_id,
        hold.reason,
        hold.amount_fen,
        hold.expires_at,
    )
