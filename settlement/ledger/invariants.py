"""Say what must be true of the books at every moment, given the facts (账务不变式).

The database refuses what would break one of these. They are asked again, from outside, because a
constraint can be dropped, a trigger disabled and a file edited.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from settlement.ledger.accounts import BOOK, Book
from settlement.ledger.journal import RecordUnreadable, read_record
from settlement.ledger.kinds import RULES, Flows, Kind, OnOrder


class Law(enum.StrEnum):
    """One thing that must be true."""

    RECORD_INTACT = "record_intact"  # the columns make an entry
    RECORD_AS_LOGGED = "record_as_logged"  # its digest stands in the audit log
    TRIAL_BALANCE_ZERO = "trial_balance_zero"  # 试算平衡
    GUARD_EQUALS_REPLAY = "guard_equals_replay"
    FLOOR_KEPT = "floor_kept"
    ORDER_MONEY_EQUALS_JOURNAL = "order_money_equals_journal"
    ORDER_NOT_GIVEN_OUT_TWICE = "order_not_given_out_twice"
    ESCROW_EQUALS_ORDER_MONEY = "escrow_equals_order_money"


class Breach(msgspec.Struct, frozen=True):
    """One thing that is not as it must be, and where."""

    law: Law
    subject: str
    detail: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal as it is stored, its legs named by account codes."""

    key: uuid.UUID
    kind: str
    book: str
    currency: str
    legs: tuple[tuple[str, int], ...]
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    rule_version: str
    booked_at: dt.datetime
    value_on: dt.date
    adjusts: dt.date | None
    batch: uuid.UUID | None  # a batch has one digest for all of its entries
    record: bytes


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """What an account says that it has: in all, and what may leave it."""

    book: str
    account: str
    balance: int
    posted: int
    held: int
    floor: int | None


class OrderMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says that came and went."""

    order_id: uuid.UUID
    paid: int
    released: int
    refunded: int
    disputed: int
    charged_back: int


_NOTHING: Final = dict.fromkeys(OnOrder.__struct_fields__, 0)


class Replay:
    """Add the journal up, row by row, into what every other table should say."""

    def __init__(self) -> None:
        self.balances: dict[tuple[str, str], int] = {}
        self.digests: dict[str, str] = {}
        self.orders: dict[uuid.UUID, dict[str, int]] = {}
        self.rows = 0

    def take(self, row: Row) -> list[Breach]:
        """Count one row in and return what is wrong with it."""
        self.rows += 1
        for code, amount in row.legs:
            account = (row.book, code)
            self.balances[account] = self.balances.get(account, 0) + amount
        if row.batch is None:
            self.digests[str(row.key)] = hashlib.sha256(row.record).hexdigest()
        if row.order_id is not None and row.kind in set(Kind) and row.legs:
            self._take_order(row.order_id, RULES[Kind(row.kind)].flows, row.legs)
        return entry_intact(row)

    def _take_order(
        self, order_id: uuid.UUID, flows: Flows, legs: tuple[tuple[str, int], ...]
    ) -> None:
        source = _purpose(legs[0][0])
        for code, amount in legs[1:]:
            effect = flows.get((source, _purpose(code)))  # type: ignore[arg-type]
            by = {} if effect is None else msgspec.structs.asdict(effect)
            if any(by.values()):
                sums = self.orders.setdefault(order_id, dict(_NOTHING))
                for name, sign in by.items():
                    sums[name] += sign * amount

    def trial_balance(self) -> list[Breach]:
        """Return a breach if all legs together are not zero (试算平衡)."""
        total = sum(self.balances.values())
        if total == 0:
            return []
        return [Breach(Law.TRIAL_BALANCE_ZERO, "journal", f"the legs sum to {total} fen")]

    def as_logged(self, logged: Mapping[str, str]) -> list[Breach]:
        """Return every entry whose record the log does not know so, and every one that is gone."""
        return [
            Breach(Law.RECORD_AS_LOGGED, key, "is gone" if key not in self.digests else "differs")
            for key in sorted({*self.digests, *logged})
            if self.digests.get(key) != logged.get(key)
        ]

    def guards(self, guards: Iterable[Guard]) -> list[Breach]:
        """Return every guarded account that differs from the journal or is below its floor."""
        found: list[Breach] = []
        waiting = set(self.balances)
        for guard in guards:
            replayed = self.balances.get((guard.book, guard.account), 0)
            waiting.discard((guard.book, guard.account))
            named = _named(guard.book, guard.account)
            if guard.balance != replayed:
                detail = f"says {guard.balance}, the journal {replayed}"
                found.append(Breach(Law.GUARD_EQUALS_REPLAY, named, detail))
            if guard.floor is not None and guard.posted - guard.held < guard.floor:
                detail = f"{guard.posted} - {guard.held} is below {guard.floor}"
                found.append(Breach(Law.FLOOR_KEPT, named, detail))
        found.extend(
            Breach(
                Law.GUARD_EQUALS_REPLAY, _named(*account), f"the journal says {amount}, no guard"
            )
            for account in sorted(waiting)
            if (amount := self.balances[account])
        )
        return found

    def order_money(self, orders: Iterable[OrderMoney]) -> list[Breach]:
        """Return every order whose sums differ from the journal or that gave out too much."""
        found: list[Breach] = []
        waiting: dict[uuid.UUID, Mapping[str, int]] = dict(self.orders)
        for order in orders:
            subject = str(order.order_id)
            sums = waiting.pop(order.order_id, _NOTHING)
            told = {name: getattr(order, name) for name in _NOTHING}
            if told != sums:
                detail = f"says {told}, the journal {dict(sums)}"
                found.append(Breach(Law.ORDER_MONEY_EQUALS_JOURNAL, subject, detail))
            left = order.paid - order.released - order.refunded - order.charged_back
            if left < order.disputed:
                detail = f"{left} fen are left, {order.disputed} are disputed"
                found.append(Breach(Law.ORDER_NOT_GIVEN_OUT_TWICE, subject, detail))
            escrow = sum(self.balances.get((book, f"order_escrow/{subject}"), 0) for book in Book)
            if escrow != left:
                detail = f"holds {escrow}, the order has {left} left"
                found.append(Breach(Law.ESCROW_EQUALS_ORDER_MONEY, subject, detail))
        found.extend(
            Breach(Law.ORDER_MONEY_EQUALS_JOURNAL, str(order_id), "has no row")
            for order_id in waiting
        )
        return found


def entry_intact(row: Row) -> list[Breach]:
    """Return what is wrong with one row: that no entry of this journal has such a record."""
    try:
        read_record(row.record)
    except RecordUnreadable as unreadable:
        return [Breach(Law.RECORD_INTACT, str(row.key), str(unreadable.facts["reason"]))]
    return []


def _purpose(code: str) -> str:
    return code.partition("/")[0]


def _named(book: str, code: str) -> str:
    return code if book == BOOK else f"{book}: {code}"
