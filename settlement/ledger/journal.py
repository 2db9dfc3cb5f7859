"""Build entries of the journal (凭证/分录): an entry balances or is not built.

A debit is negative, a credit positive. The first leg is the only debit: money leaves one account
and reaches one or more. So only that one account has to be locked, credits need no order among
each other, and a reversal is one entry per account that gives back.

``record()`` is the entry as bytes (RFC 8785). It is stored beside the columns, and its SHA-256
stands in the audit log: a changed leg is found by anyone who has the log.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import rfc8785

from catalog.kernel.errors import Invalid
from settlement.ledger.accounts import BOOK, Account, Purpose, account, escrow_of
from settlement.money import CEILING, CURRENCY, Fen

FORMAT: Final = "shushi/journal/1"
LEGS_MIN: Final = 2
LEGS_MAX: Final = 16


class Kind(enum.StrEnum):
    """Why money moved."""

    PAY_IN = "pay_in"  # 收款: channel → escrow
    RELEASE = "release"  # 放款: escrow → those who share
    REFUND = "refund"  # 退款: escrow → owed to the buyer
    REFUND_SETTLED = "refund_settled"  # 退款到账: owed to the buyer → channel


class EntryUnbalanced(Invalid):
    """The legs of the entry do not sum to zero."""

    code = "journal_entry_unbalanced"


class EntryMalformed(Invalid):
    """The entry has a shape that no entry of this journal has."""

    code = "journal_entry_malformed"


class RecordUnreadable(Invalid):
    """The bytes are no record of a journal entry, or not its canonical ones."""

    code = "journal_record_unreadable"


class Leg(msgspec.Struct, frozen=True):
    """One account and what the entry moves on it: negative leaves, positive arrives."""

    account: Account
    amount_fen: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money.

    :raises EntryUnbalanced: if the legs do not sum to zero.
    :raises EntryMalformed: if the first leg is not the only debit, an account stands twice, there
        are fewer than 2 or more than 16 legs, an amount is out of range, the instant has no zone,
        or the kind does not fit the accounts.
    """

    key: uuid.UUID
    kind: Kind
    legs: tuple[Leg, ...]
    booked_at: dt.datetime
    value_on: dt.date
    rule_version: str
    order_id: uuid.UUID | None = None
    reverses: uuid.UUID | None = None
    currency: str = CURRENCY
    book: str = BOOK

    def __post_init__(self) -> None:
        """Refuse what is no entry."""
        _check_shape(self)
        _check_sum(self.legs)
        _check_kind(self)

    @property
    def amount_fen(self) -> Fen:
        """Return how much the entry moves."""
        return Fen(-self.legs[0].amount_fen)

    @property
    def debited(self) -> Account:
        """Return the account that the money leaves."""
        return self.legs[0].account

    def essence(self) -> dict[str, Any]:
        """Return what the entry says, but for when it was booked: equal for a repeated command."""
        return {
            "book": self.book,
            "currency": self.currency,
            "format": FORMAT,
            "key": str(self.key),
            "kind": str(self.kind),
            "legs": [[leg.account.code, leg.amount_fen] for leg in self.legs],
            "order_id": None if self.order_id is None else str(self.order_id),
            "reverses": None if self.reverses is None else str(self.reverses),
            "rule_version": self.rule_version,
            "value_on": self.value_on.isoformat(),
        }

    def record(self) -> bytes:
        """Return the canonical bytes of the entry (RFC 8785)."""
        return rfc8785.dumps(self.essence() | {"booked_at": instant(self.booked_at)})

    def digest(self) -> bytes:
        """Return the SHA-256 of the record, as the audit log remembers it."""
        return hashlib.sha256(self.record()).digest()

    def repeats(self, earlier: Entry) -> bool:
        """Tell whether this is ``earlier`` once more, perhaps sent at another time."""
        return self.essence() == earlier.essence()


def instant(at: dt.datetime) -> str:
    """Return the instant as records write it: UTC, microseconds, ``Z``."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def transfer(source: Account, arrivals: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return the legs of an entry that debits ``source`` with the sum of ``arrivals``.

    Credits to the same account are added up; their order of first appearance stays.
    """
    sums: dict[Account, int] = {}
    for leg in arrivals:
        sums[leg.account] = sums.get(leg.account, 0) + leg.amount_fen
    arriving = tuple(Leg(to, amount) for to, amount in sums.items() if amount)
    return (Leg(source, -sum(leg.amount_fen for leg in arriving)), *arriving)


def read_record(record: bytes) -> Entry:
    """Return the entry that a record tells.

    :raises RecordUnreadable: if the bytes are not exactly what ``Entry.record`` makes.
    """
    try:
        told = msgspec.json.decode(record, type=_Told)
        entry = Entry(
            key=told.key,
            kind=told.kind,
            legs=tuple(Leg(account(code), amount) for code, amount in told.legs),
            booked_at=told.booked_at,
            value_on=told.value_on,
            rule_version=told.rule_version,
            order_id=told.order_id,
            reverses=told.reverses,
            currency=told.currency,
            book=told.book,
        )
        again = entry.record()
    # A ValueError is a broken character; an OverflowError an instant before the first year.
    except (msgspec.MsgspecError, ValueError, OverflowError, Invalid) as unreadable:
        raise RecordUnreadable(reason=str(unreadable)) from unreadable
    if again != record:
        raise RecordUnreadable(reason="the bytes are not canonical")
    return entry


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    book: str
    booked_at: dt.datetime
    currency: str
    key: uuid.UUID
    kind: Kind
    legs: list[tuple[str, int]]
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    rule_version: str
    value_on: dt.date


def _check_shape(entry: Entry) -> None:
    legs = entry.legs
    if not LEGS_MIN <= len(legs) <= LEGS_MAX:
        raise EntryMalformed(reason="legs_count", legs=len(legs))
    if legs[0].amount_fen >= 0 or any(leg.amount_fen <= 0 for leg in legs[1:]):
        raise EntryMalformed(reason="first_leg_is_the_only_debit", legs=len(legs))
    if legs[0].amount_fen < -CEILING or any(leg.amount_fen > CEILING for leg in legs[1:]):
        raise EntryMalformed(reason="amount_out_of_range", legs=len(legs))
    if len({leg.account for leg in legs}) != len(legs):
        raise EntryMalformed(reason="account_twice", legs=len(legs))
    if entry.booked_at.tzinfo is None:
        raise EntryMalformed(reason="instant_without_zone", legs=len(legs))
    if entry.currency != CURRENCY:
        raise EntryMalformed(reason="currency", legs=len(legs))


def _check_sum(legs: tuple[Leg, ...]) -> None:
    total = sum(leg.amount_fen for leg in legs)
    if total != 0:
        raise EntryUnbalanced(sum_fen=total)


def _check_kind(entry: Entry) -> None:
    """Refuse an entry whose accounts are not those of its kind; the database refuses it again."""
    source, first = entry.legs[0].account, entry.legs[1].account
    escrow = None if entry.order_id is None else escrow_of(entry.order_id)
    fits = {
        Kind.PAY_IN: source.purpose is Purpose.CHANNEL_CLEARING and first == escrow,
        Kind.RELEASE: source == escrow,
        Kind.REFUND: source == escrow and first.purpose is Purpose.REFUND_PAYABLE,
        Kind.REFUND_SETTLED: source.purpose is Purpose.REFUND_PAYABLE
        and first.purpose is Purpose.CHANNEL_CLEARING,
    }[entry.kind]
    if not fits or (entry.kind is not Kind.RELEASE and len(entry.legs) != LEGS_MIN):
        raise EntryMalformed(reason="kind_and_accounts", legs=len(entry.legs))
