"""Say what the reports on the ledger hold (试算平衡表、账户明细)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from settlement.ledger.accounts import Side


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose or one account: what stood there, what moved, what stands there.

    A credit is positive. ``account`` is None in a line of a purpose.
    """

    number: str
    purpose: str
    title_zh: str
    title_en: str
    side: Side
    account: str | None
    accounts: int
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int


class TrialSums(msgspec.Struct, frozen=True):
    """What lines come to together. Of a whole book ``opening_fen`` and ``closing_fen`` are zero."""

    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a book, by purpose (试算平衡表).

    ``book`` None: all books together. ``period`` None: from the first entry on. ``as_of`` None: with all that is booked by now; else
    with what was booked up to that instant, whatever its value date.
    """

    book: str | None
    period: str | None
    first_day: dt.date | None
    last_day: dt.date | None
    as_of: dt.datetime | None
    entries: int  # whose value date lies in the period
    lines: tuple[TrialLine, ...]
    total: TrialSums
    difference_fen: int  # credits less debits: zero
    is_balanced: bool


class MonthSums(msgspec.Struct, frozen=True, kw_only=True):
    """What came and went in one closed month."""

    month: str
    credits_fen: int
    debits_fen: int


class LedgerAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account and what stands on it now, as its owner sees it (账户)."""

    book: str
    account: str
    purpose: str
    number: str
    title_zh: str
    title_en: str
    balance_fen: int


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it moved one account. What arrives is positive.

    ``voucher`` is None until the month of its value date is closed. ``counterparts`` are the accounts
    on the other side: from which the money came, or to which it went.
    """

    key: uuid.UUID
    voucher: str | None
    value_on: dt.date
    booked_at: dt.datetime
    kind: str
    kind_zh: str
    kind_en: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    adjusts: dt.date | None
    counterparts: tuple[str, ...]
    amount_fen: int
    balance_fen: int  # what stands on the account after it


class AccountLedger(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what moved an account, in the order of its voucher numbers (账户明细).

    Lines stand by the month of their value date, within it by their keys, as the month numbers them.
    ``opening_fen`` is what stood before the first line of the page, ``closing_fen`` what stands after
    its last.
    """

    book: str
    account: str
    purpose: str
    number: str
    title_zh: str
    title_en: str
    side: Side
    period: str | None
    opening_fen: int
    debits_fen: int  # of this page
    credits_fen: int
    closing_fen: int
    items: tuple[LedgerLine, ...]
    next_cursor: str | None
