"""Say what a usage account, a tally of uses and a charge are (计量账户、计费)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.charging.states import State


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of an order from its first use to one of its numbers (累计用量).

    ``record_sha256`` is the digest of the use at ``to_seq``; it names the one before, and so on, so that the
    sum stands for exactly these uses.
    """

    to_seq: int
    calls: int
    bytes: int
    record_sha256: str


class Charged(msgspec.Struct, frozen=True):
    """How far an order was charged: to which use, and how much for all of it."""

    to_seq: int = 0
    calls: int = 0
    bytes: int = 0
    cumulative_fen: int = 0


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """What all uses of a tally cost by the order's price item, whose canonical bytes have the digest."""

    price_item: str
    price_sha256: str
    quantity: int  # in the unit of the price item
    cumulative_fen: int


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What one window of uses costs (计费): from the use after ``after_seq`` to ``to_seq``.

    Sums are over all windows so far. ``id`` is the key of the entry that took it from the escrow, if
    the escrow had anything.
    """

    id: uuid.UUID
    order_id: uuid.UUID
    after_seq: int
    to_seq: int
    calls_before: int
    calls: int
    bytes_before: int
    bytes: int
    quantity: int
    before_fen: int
    cumulative_fen: int
    price_item: str
    price_sha256: str
    record_sha256: str
    charged_at: dt.datetime

    @property
    def amount_fen(self) -> int:
        """Return what the window itself costs."""
        return self.cumulative_fen - self.before_fen

    def so_far(self) -> Charged:
        """Return how far the order is charged by it."""
        return Charged(self.to_seq, self.calls, self.bytes, self.cumulative_fen)


class UsageAccount(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands that pays as it uses. What it has left is in its escrow."""

    order_id: uuid.UUID
    payer_party_id: uuid.UUID
    payee_party_id: uuid.UUID
    state: State
    credit_limit_fen: int
    low_fen: int
    opened_at: dt.datetime
    due_on: dt.date | None = None  # the last day to pay, while it is in arrears
    due_at: dt.datetime | None = None
    suspended_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None


class AccountStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A usage account and what stands on it now."""

    account: UsageAccount
    paid_fen: int
    refunded_fen: int
    charged_fen: int
    collected_fen: int  # by those who share, less what a charge-back took from them
    charged_to_seq: int
    charged_back_fen: int = 0  # taken back by the buyer's bank, decided or not (拒付)

    @property
    def balance_fen(self) -> int:
        """Return what is left; negative is what is owed."""
        came = self.paid_fen - self.refunded_fen - self.charged_back_fen
        return came - self.charged_fen

    @property
    def owed_fen(self) -> int:
        """Return what was charged and could not be collected yet (欠费)."""
        return self.charged_fen - self.collected_fen
