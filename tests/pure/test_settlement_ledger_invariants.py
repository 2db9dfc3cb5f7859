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


def guard(account: str, balance: int, *, held: int = 0, floor: int | None = 0) -> Guard:
    return Guard(
        book="market", account=account, balance=balance, posted=balance, held=held, floor=floor
    )


GUARDS = (guard(ESCROW.code, 6), guard(A.code, 4), guard("channel_clearing/x", -10, floor=None))


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
        batch=None,
        record=of.record(),
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


@pytest.mark.parametrize("record", [b"{}", b"", IN.record() + b" "])
def test_a_row_that_makes_no_entry_is_named(record: bytes) -> None:
    found = Replay().take(row(OUT, record=record))

    assert [breach.law for breach in found] == [Law.RECORD_INTACT]
    assert found[0].subject == str(OUT.key)


def test_an_entry_that_the_log_knows_otherwise_or_not_is_named() -> None:
    replay = replayed()
    logged = {str(each.key): each.digest().hex() for each in (IN, OUT)}

    assert replay.as_logged(logged) == []
    assert [
        (breach.law, breach.subject, breach.detail)
        for breach in replay.as_logged({str(OUT.key): "0", "gone": "1"})
    ] == [
        (Law.RECORD_AS_LOGGED, str(IN.key), "differs"),
        (Law.RECORD_AS_LOGGED, str(OUT.key), "differs"),
        (Law.RECORD_AS_LOGGED, "gone", "is gone"),
    ]


def test_the_entries_of_a_batch_have_one_digest_together() -> None:
    replay = Replay()
    replay.take(row(IN, batch=ORDER))

    assert replay.as_logged({}) == []


def test_each_book_has_its_own_accounts() -> None:
    replay = Replay()
    replay.take(row(IN))
    replay.take(row(IN, book="public_data"))

    found = replay.guards([guard(ESCROW.code, 10), guard("channel_clearing/x", -10, floor=None)])

    assert [breach.subject for breach in found] == [
        "public_data: channel_clearing/x",
        f"public_data: {ESCROW.code}",
    ]


def test_a_kind_that_is_unknown_moves_no_order() -> None:
    replay = Replay()
    replay.take(row(IN, kind="gift"))
    replay.take(row(IN, legs=(("channel_clearing/x", -10), ("pocket/x", 10))))

    assert replay.orders == {}


def test_legs_that_do_not_sum_to_zero_are_named() -> None:
    replay = replayed()
    replay.take(row(OUT, legs=((ESCROW.code, -4), (A.code, 5))))

    assert [breach.law for breach in replay.trial_balance()] == [Law.TRIAL_BALANCE_ZERO]


@pytest.mark.parametrize(
    ("instead", "laws"),
    [
        (guard(A.code, 5), [Law.GUARD_EQUALS_REPLAY]),
        (guard(A.code, 4, held=5), [Law.FLOOR_KEPT]),
        (
            guard("payable/new", -1),
            [Law.GUARD_EQUALS_REPLAY, Law.FLOOR_KEPT, Law.GUARD_EQUALS_REPLAY],
        ),
    ],
)
def test_a_guard_that_differs_is_named(instead: Guard, laws: list[Law]) -> None:
    found = replayed().guards([GUARDS[0], GUARDS[2], instead])

    assert [breach.law for breach in found] == laws


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
