"""What must be true of the books is asked of the facts, one law at a time."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest

from settlement.ledger.accounts import clearing_of
from settlement.ledger.invariants import Guard, Law, OrderMoney, Replay, Row
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from tests.pure.test_settlement_ledger_journal import ESCROW, ORDER, A, entry

IN = entry(*transfer(clearing_of("x"), [Leg(ESCROW, 10)]), kind=Kind.PAY_IN)
OUT = entry(*transfer(ESCROW, [Leg(A, 4)]), key=uuid.UUID("019c0000-0000-7000-8000-000000000009"))
MONEY = OrderMoney(order_id=ORDER, paid=10, released=4, refunded=0, disputed=0, charged_back=0)
GUARDS = (
    Guard(account=ESCROW.code, posted=6, held=0, floor=0),
    Guard(account=A.code, posted=4, held=0, floor=0),
)


def row(of: Entry, **changes: Any) -> Row:
    stored = Row(
        key=of.key,
        kind=str(of.kind),
        book=of.book,
        currency=of.currency,
        legs=tuple((leg.account.code, leg.amount_fen) for leg in of.legs),
        order_id=of.order_id,
        reverses=of.reverses,
        rule_version=of.rule_version,
        booked_at=of.booked_at,
        value_on=of.value_on,
        adjusts=of.adjusts,
        record=of.record(),
        record_sha256=of.digest(),
    )
    return msgspec.structs.replace(stored, **changes)


def replayed() -> Replay:
    replay = Replay()
    assert replay.take(row(IN)) == []
    assert replay.take(row(OUT)) == []
    return replay


def test_books_that_are_in_order_have_no_breach() -> None:
    replay = replayed()

    assert replay.rows == 2
    assert replay.trial_balance() == []
    assert replay.guards(GUARDS) == []
    assert replay.order_money([MONEY]) == []


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"kind": "refund"}, Law.RECORD_EQUALS_COLUMNS),
        ({"kind": "gift"}, Law.RECORD_EQUALS_COLUMNS),
        ({"book": "other"}, Law.RECORD_EQUALS_COLUMNS),
        ({"currency": "USD"}, Law.RECORD_EQUALS_COLUMNS),
        ({"legs": ()}, Law.RECORD_EQUALS_COLUMNS),
        ({"legs": (("a", -1), ("b", 1))}, Law.RECORD_EQUALS_COLUMNS),
        ({"order_id": None}, Law.RECORD_EQUALS_COLUMNS),
        ({"reverses": ORDER}, Law.RECORD_EQUALS_COLUMNS),
        ({"rule_version": "x"}, Law.RECORD_EQUALS_COLUMNS),
        ({"value_on": None}, Law.RECORD_EQUALS_COLUMNS),
        ({"adjusts": IN.value_on}, Law.RECORD_EQUALS_COLUMNS),
        ({"booked_at": None}, Law.RECORD_EQUALS_COLUMNS),
        ({"key": ORDER}, Law.RECORD_EQUALS_COLUMNS),
        ({"record": b"{}"}, Law.RECORD_INTACT),
        ({"record_sha256": b""}, Law.RECORD_INTACT),
        (
            {
                "record": b"{}",
                "record_sha256": bytes.fromhex(
                    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
                ),
            },
            Law.RECORD_INTACT,
        ),
    ],
)
def test_a_changed_row_is_named(changes: dict[str, Any], law: Law) -> None:
    found = Replay().take(row(OUT, **changes))

    assert [breach.law for breach in found] == [law]
    assert found[0].subject == str(changes.get("key", OUT.key))


def test_legs_that_do_not_sum_to_zero_are_named() -> None:
    replay = replayed()
    replay.take(row(OUT, legs=((ESCROW.code, -4), (A.code, 5))))

    assert [breach.law for breach in replay.trial_balance()] == [Law.TRIAL_BALANCE_ZERO]


@pytest.mark.parametrize(
    ("guard", "laws"),
    [
        (Guard(account=A.code, posted=5, held=0, floor=0), [Law.GUARD_EQUALS_REPLAY]),
        (Guard(account=A.code, posted=4, held=5, floor=0), [Law.FLOOR_KEPT]),
        (
            Guard(account="payable/new", posted=-1, held=0, floor=0),
            [Law.GUARD_EQUALS_REPLAY, Law.FLOOR_KEPT],
        ),
    ],
)
def test_a_guard_that_differs_is_named(guard: Guard, laws: list[Law]) -> None:
    assert [breach.law for breach in replayed().guards([guard])] == laws


@pytest.mark.parametrize(
    ("money", "laws"),
    [
        ({"paid": 11}, [Law.ORDER_MONEY_EQUALS_JOURNAL, Law.ESCROW_EQUALS_ORDER_MONEY]),
        ({"disputed": 7}, [Law.ORDER_NOT_GIVEN_OUT_TWICE]),
        (
            {"order_id": A},
            [
                Law.ORDER_MONEY_EQUALS_JOURNAL,
                Law.ESCROW_EQUALS_ORDER_MONEY,
                Law.ORDER_MONEY_EQUALS_JOURNAL,
            ],
        ),
    ],
)
def test_an_order_whose_money_differs_is_named(money: dict[str, Any], laws: list[Law]) -> None:
    order = msgspec.structs.replace(MONEY, **money)

    assert [breach.law for breach in replayed().order_money([order])] == laws
