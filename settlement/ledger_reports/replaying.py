"""Recompute all balances from the first entry, and name the first that disagrees (全账重放).

Entries come in the order of their keys. Each is read from its canonical record, held against the
digest that the log has of it, added to its accounts, and linked into the chain of its month. At the
end stand the balances that every other table, and every sealed month, has to have.
"""

from __future__ import annotations

import enum
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from settlement.ledger.journal import Entry, RecordUnreadable, read_record
from settlement.periods import chain
from settlement.periods.months import month_of
from settlement.periods.sealing import Told

#: A report names so many; how many there are is counted.
NAMED_MAX: Final = 100


class Against(enum.StrEnum):
    """What the replay is held against."""

    RECORD = "record"  # 凭证记录
    LOG = "log"  # 审计日志
    ORDER_OF_KEYS = "order_of_keys"  # 凭证次序
    VOUCHER = "voucher"  # 凭证号
    SUM = "sum"  # 借贷平衡
    BALANCE = "balance"  # 账户余额
    TURNOVER = "turnover"  # 汇总发生额
    POSTING = "posting"  # 账户明细
    PERIOD = "period"  # 已结账月份
    CHAIN = "chain"  # 凭证链


#: These name an entry that is wrong itself; the others one at which it can have begun.
_EXACT: Final = frozenset(
    {Against.RECORD, Against.LOG, Against.ORDER_OF_KEYS, Against.VOUCHER, Against.POSTING}
)


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that says something else than the journal does.

    ``entry`` is the first entry at which it can have begun, as far as that can be told.
    """

    against: Against
    subject: str
    entry: uuid.UUID | None
    detail: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to.

    ``first`` is the earliest entry that is wrong itself; if none is, the earliest at which what
    disagrees can have begun.
    """

    entries: int
    postings: int
    accounts: int
    months: int
    debits_fen: int
    credits_fen: int
    disagreements: int
    first: Disagreement | None
    named: tuple[Disagreement, ...]
    is_good: bool


class _Month(msgspec.Struct):
    """A month while it is replayed."""

    link: bytes
    number: int = 0
    first: uuid.UUID | None = None


class Replay:
    """Take entries in the order of their keys; then hold what they come to against what is told.

    ``sealed`` are the records of the closed months, by book and month; ``logged`` the digests that
    the log has of entries, by key, and None if nobody asked the log.
    """

    def __init__(
        self,
        sealed: Mapping[tuple[str, str], Told] | None = None,
        logged: Mapping[str, str] | None = None,
    ) -> None:
        self.entries = 0
        self.postings = 0
        self.balances: dict[tuple[str, str], int] = {}
        self._sealed: Final = dict(sealed or {})
        self._logged: Final = None if logged is None else dict(logged)
        self._months: dict[tuple[str, str], _Month] = {}
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        self._first: dict[tuple[str, str], dict[str, uuid.UUID]] = {}
        self._last_key = uuid.UUID(int=0)
        self._moved = [0, 0]
        self._found: list[Disagreement] = []
        self.disagreements = 0

    def take(self, key: uuid.UUID, record: bytes, *, is_batched: bool = False) -> None:
        """Count one entry in; of those that were posted as a batch the log has one digest for all."""
        self.entries += 1
        if key <= self._last_key:
            self._bad(Against.ORDER_OF_KEYS, str(key), key, f"comes after {self._last_key}")
        self._last_key = max(key, self._last_key)
        digest = hashlib.sha256(record).digest()
        self._ask_the_log(key, digest, is_batched=is_batched)
        try:
            entry = read_record(record)
        except RecordUnreadable as unreadable:
            self._bad(Against.RECORD, str(key), key, str(unreadable.facts["reason"]))
            return
        if entry.key != key:
            self._bad(Against.RECORD, str(key), key, f"its record is that of {entry.key}")
        self._add(entry, digest)

    def _ask_the_log(self, key: uuid.UUID, digest: bytes, *, is_batched: bool) -> None:
        if self._logged is None or is_batched:
            return
        bound = self._logged.pop(str(key), None)
        if bound is None:
            self._bad(Against.LOG, str(key), key, "no entry of the log knows it")
        elif bound != digest.hex():
            self._bad(Against.LOG, str(key), key, "its record is not the one that the log knows")

    def hold_log(self) -> None:
        """Name every entry that the log knows and that is gone."""
        for key in sorted(self._logged or ()):
            self._bad(Against.LOG, key, uuid.UUID(key), "is gone; the log knows it")

    def _add(self, entry: Entry, digest: bytes) -> None:
        book, month = str(entry.book), month_of(entry.value_on).text
        at = self._months.get((book, month))
        if at is None:
            sealed = self._sealed.get((book, month))
            before = chain.FIRST if sealed is None else bytes.fromhex(sealed.chain_before)
            at = self._months[book, month] = _Month(link=before, first=entry.key)
        at.number += 1
        at.link = chain.link(at.link, at.number, digest)
        for leg in entry.legs:
            code = leg.account.code
            self.postings += 1
            self.balances[book, code] = self.balances.get((book, code), 0) + leg.amount_fen
            self._first.setdefault((book, code), {}).setdefault(month, entry.key)
            sums = self._sums.setdefault((book, month, str(leg.account.purpose)), [0, 0])
            side = int(leg.amount_fen > 0)
            sums[side] += abs(leg.amount_fen)
            self._moved[side] += abs(leg.amount_fen)

    def turnover(self, book: str, month: str, purpose: str) -> tuple[int, int]:
        """Return what was debited and credited on a purpose in a month."""
        debits, credits_ = self._sums.get((book, month, purpose), (0, 0))
        return debits, credits_

    def hold_balances(self, told: Iterable[tuple[str, str, int]]) -> None:
        """Hold the balances against those that are told, by book and account; all of them."""
        waiting = dict(self.balances)
        for book, code, amount in told:
            self._hold_balance(book, code, amount, waiting.pop((book, code), 0))
        for (book, code), amount in sorted(waiting.items()):
            self._hold_balance(book, code, 0, amount)

    def hold_exported_balances(self, told: Iterable[tuple[str, int]]) -> None:
        """Hold the balances against those of an export, which has one for an account of all books."""
        waiting: dict[str, int] = {}
        books: dict[str, str] = {}
        for (book, code), amount in self.balances.items():
            waiting[code] = waiting.get(code, 0) + amount
            books.setdefault(code, book)
        for code, amount in told:
            self._hold_balance(books.get(code, ""), code, amount, waiting.pop(code, 0))
        for code, amount in sorted(waiting.items()):
            self._hold_balance(books[code], code, 0, amount)

    def _hold_balance(self, book: str, code: str, told: int, came_to: int) -> None:
        if told != came_to:
            detail = f"says {told} fen, the journal comes to {came_to}"
            self._bad(Against.BALANCE, f"{book}:{code}", self._since_sealed(book, code), detail)

    def _since_sealed(self, book: str, code: str) -> uuid.UUID | None:
        """Return the first entry of an account after the last closed month, else its very first."""
        firsts = self._first.get((book, code), {})
        closed = max((month for of, month in self._sealed if of == book), default="")
        return min(
            (key for month, key in firsts.items() if month > closed),
            default=min(firsts.values(), default=None),
        )

    def hold_turnovers(self, told: Iterable[tuple[str, str, str, int, int]]) -> None:
        """Hold the turnovers against those that were rolled up: book, month, purpose, debits, credits."""
        waiting = dict(self._sums)
        for book, month, purpose, debits, credits_ in told:
            came_to = tuple(waiting.pop((book, month, purpose), (0, 0)))
            if came_to != (debits, credits_):
                self._bad_turnover(book, month, purpose, (debits, credits_), came_to)
        for (book, month, purpose), sums in sorted(waiting.items()):
            self._bad_turnover(book, month, purpose, (0, 0), tuple(sums))

    def _bad_turnover(
        self,
        book: str,
        month: str,
        purpose: str,
        told: tuple[int, int],
        came_to: tuple[int, ...],
    ) -> None:
        first = min(
            (
                firsts[month]
                for (of, code), firsts in self._first.items()
                if of == book and month in firsts and code.startswith(f"{purpose}/")
            ),
            default=None,
        )
        detail = f"says {told} fen, the journal comes to {came_to}"
        self._bad(Against.TURNOVER, f"{book}:{month}:{purpose}", first, detail)

    def hold_months(self) -> int:
        """Hold every sealed month against its entries; return how many there are."""
        heads: dict[str, str] = {}
        closings: dict[str, dict[str, int]] = {}
        for (book, month), sealed in sorted(self._sealed.items()):
            fault = self._month_fault(
                sealed, heads.get(book, chain.FIRST.hex()), closings.get(book)
            )
            if fault is not None:
                at = self._months.get((book, month))
                first = None if at is None else at.first
                self._bad(fault[0], f"{book}:{month}", first, fault[1])
            heads[book] = sealed.chain_head
            closings[book] = {line.purpose: line.closing_fen for line in sealed.lines}
        return len(self._sealed)

    def _month_fault(
        self, sealed: Told, before: str, opening: Mapping[str, int] | None
    ) -> tuple[Against, str] | None:
        at = self._months.get((sealed.book, sealed.month))
        number = 0 if at is None else at.number
        if number != sealed.entries:
            return Against.PERIOD, f"was sealed with {sealed.entries} entries, there are {number}"
        if sealed.chain_before != before:
            return Against.CHAIN, "does not begin with the last link of the month before"
        head = sealed.chain_before if at is None else at.link.hex()
        if head != sealed.chain_head:
            return Against.CHAIN, "its entries do not chain to the link that was sealed"
        for line in sealed.lines:
            debits, credits_ = self.turnover(sealed.book, sealed.month, line.purpose)
            opens = 0 if opening is None else opening.get(line.purpose, 0)
            came_to = (opens, debits, credits_, opens + credits_ - debits)
            said = (line.opening_fen, line.debits_fen, line.credits_fen, line.closing_fen)
            if came_to != said:
                return Against.PERIOD, f"its {line.purpose} comes to {came_to}, it says {said}"
        return None

    def note(self, against: Against, subject: str, entry: uuid.UUID | None, detail: str) -> None:
        """Take in a disagreement that was found where the tables are."""
        self._bad(against, subject, entry, detail)

    def report(self) -> Report:
        """Return what it came to."""
        debits, credits_ = self._moved
        if debits != credits_:
            self._bad(Against.SUM, "journal", None, f"debits {debits} fen, credits {credits_} fen")
        ranked = sorted(
            self._found,
            key=lambda each: (
                each.against not in _EXACT, each.entry is None, each.entry or _NO_KEY
            ),
        )  # fmt: skip
        return Report(
            entries=self.entries,
            postings=self.postings,
            accounts=len(self.balances),
            months=len(self._months),
            debits_fen=debits,
            credits_fen=credits_,
            disagreements=self.disagreements,
            first=ranked[0] if ranked else None,
            named=tuple(ranked),
            is_good=not self.disagreements,
        )

    def _bad(self, against: Against, subject: str, entry: uuid.UUID | None, detail: str) -> None:
        self.disagreements += 1
        if len(self._found) < NAMED_MAX:
            found = Disagreement(against=against, subject=subject, entry=entry, detail=detail)
            self._found.append(found)


_NO_KEY: Final = uuid.UUID(int=0)
