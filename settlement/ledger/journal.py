"""Build entries of the journal (凭证/分录): an entry balances or is not built.

A debit is negative, a credit positive. The first leg is the only debit: money leaves one account
and reaches one or more. So only that one account has to be locked, credits need no order among
each other, and a reversal is one entry per account that gives back.

``record()`` is the entry as bytes (RFC 8785). Its SHA-256 stands in the audit log: a changed leg
is found by anyone who has the log.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.signing.canonical import canonical_of_texts
from settlement.ledger.accounts import BOOK, OF_AN_ORDER, Account, Book, account
from settlement.ledger.kinds import RULES
from settlement.ledger.kinds import Kind as Kind  # noqa: PLC0414 - entries and their kinds go together
from settlement.money import CEILING, CURRENCY, Fen

FORMAT: Final = "shushi/journal/1"
FORMAT_ADJUSTING: Final = "shushi/journal/2"  # it also names the closed month that it belongs to
FIRST_DAY: Final = dt.date(2023, 1, 1)  # before it there was no rule to trade by (HN-30)
LEGS_MIN: Final = 2
LEGS_MAX: Final = 16
_BOOKS: Final = frozenset(Book)


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
        the kind does not fit the accounts, an account is of another order, a reversal names
        nothing, the book is unknown, it is dated before 2023, or ``adjusts`` is no earlier month.
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
    adjusts: dt.date | None = None  # the first day of the closed month that a late fact is of

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
        told = {} if self.adjusts is None else {"adjusts": self.adjusts.isoformat()}
        return told | {
            "book": str(self.book),
            "currency": self.currency,
            "format": FORMAT if self.adjusts is None else FORMAT_ADJUSTING,
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
        adjusts = msgspec.UNSET if self.adjusts is None else self.adjusts
        return canonical_of_texts(
            _Record(
                format=FORMAT if self.adjusts is None else FORMAT_ADJUSTING,
                book=self.book,
                booked_at=instant(self.booked_at),
                currency=self.currency,
                key=self.key,
                kind=self.kind,
                legs=[(leg.account.code, leg.amount_fen) for leg in self.legs],
                order_id=self.order_id,
                reverses=self.reverses,
                rule_version=self.rule_version,
                value_on=self.value_on,
                adjusts=adjusts,
            )
        )

    def digest(self) -> bytes:
        """Return the SHA-256 of the record, as the audit log remembers it."""
        return hashlib.sha256(self.record()).digest()

    def repeats(self, earlier: Entry) -> bool:
        """Tell whether this is ``earlier`` once more, perhaps sent at another time."""
        return self.essence() == earlier.essence()


@functools.lru_cache(maxsize=64)  # what is booked together is booked at one instant
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
            adjusts=told.adjusts,
        )
        again = entry.record()
    # A ValueError is a broken character; an OverflowError an instant before the first year.
    except (msgspec.MsgspecError, ValueError, OverflowError, Invalid) as unreadable:
        raise RecordUnreadable(reason=str(unreadable)) from unreadable
    if again != record:
        raise RecordUnreadable(reason="the bytes are not canonical")
    return entry


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a record holds: texts, and amounts that every reader of JSON keeps (``CEILING``)."""

    format: str
    book: str
    booked_at: str
    currency: str
    key: uuid.UUID
    kind: Kind
    legs: list[tuple[str, int]]
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    rule_version: str
    value_on: dt.date
    adjusts: dt.date | msgspec.UnsetType = msgspec.UNSET


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
    adjusts: dt.date | None = None


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
    if entry.book not in _BOOKS:
        raise EntryMalformed(reason="book", legs=len(legs))
    if entry.value_on < FIRST_DAY:
        raise EntryMalformed(reason="dated_before_the_books", legs=len(legs))
    if entry.adjusts is not None and not _is_earlier_month(entry.adjusts, entry.value_on):
        raise EntryMalformed(reason="adjusts_no_earlier_month", legs=len(legs))


def _is_earlier_month(month: dt.date, day: dt.date) -> bool:
    return month.day == 1 and month < day.replace(day=1)


def _check_sum(legs: tuple[Leg, ...]) -> None:
    total = sum(leg.amount_fen for leg in legs)
    if total != 0:
        raise EntryUnbalanced(sum_fen=total)


def _check_kind(entry: Entry) -> None:
    """Refuse an entry whose accounts are not those of its kind; the database refuses it again."""
    rule, source, legs = RULES[entry.kind], entry.debited.purpose, entry.legs
    ways = [(source, leg.account.purpose) for leg in legs[1:]]
    if not rule.flows.keys() >= set(ways) or (len(legs) > LEGS_MIN and not rule.is_split):
        raise EntryMalformed(reason="kind_and_accounts", legs=len(legs))
    owned = {leg.account.owner for leg in legs if leg.account.purpose in OF_AN_ORDER}
    if owned and owned != {str(entry.order_id)}:
        raise EntryMalformed(reason="account_of_another_order", legs=len(legs))
    if rule.must_reverse and entry.reverses is None:
        raise EntryMalformed(reason="reverses_nothing", legs=len(legs))
