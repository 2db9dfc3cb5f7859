"""An entry balances or is not built."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import (
    Entry,
    EntryMalformed,
    EntryUnbalanced,
    Kind,
    Leg,
    RecordUnreadable,
    read_record,
    transfer,
)
from settlement.money import CEILING

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
KEY = uuid.UUID("019c0000-0000-7000-8000-000000000001")
ORDER = uuid.UUID("019c0000-0000-7000-8000-000000000002")
ESCROW = escrow_of(ORDER)


def holder(name: object) -> Account:
    return Account(Purpose.PAYABLE, str(name))


def entry(*legs: Leg, **other: Any) -> Entry:
    return Entry(
        **{
            "key": KEY,
            "kind": Kind.RELEASE,
            "legs": legs,
            "booked_at": NOON,
            "value_on": dt.date(2026, 3, 2),
            "rule_version": "test/1",
            "order_id": ORDER,
            **other,
        }
    )


@given(st.lists(st.integers(1, CEILING // 16), min_size=1, max_size=15), st.data())
def test_what_leaves_an_account_arrives_and_any_other_amount_is_refused(
    amounts: list[int], data: st.DataObject
) -> None:
    legs = transfer(ESCROW, [Leg(holder(i), amount) for i, amount in enumerate(amounts)])

    built = entry(*legs)

    assert built.amount_fen == sum(amounts)
    assert built.debited == ESCROW
    assert sum(leg.amount_fen for leg in built.legs) == 0
    at = data.draw(st.integers(0, len(legs) - 1))
    by = data.draw(st.sampled_from([-1, 1]))
    wrong = list(legs)
    wrong[at] = Leg(legs[at].account, legs[at].amount_fen + by)
    with pytest.raises((EntryUnbalanced, EntryMalformed)):
        entry(*wrong)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 1000)), min_size=1, max_size=30))
def test_credits_to_one_account_are_added_up(given_out: list[tuple[int, int]]) -> None:
    legs = transfer(ESCROW, [Leg(holder(who), amount) for who, amount in given_out])

    assert len({leg.account for leg in legs}) == len(legs)
    assert -legs[0].amount_fen == sum(amount for _, amount in given_out)
    for leg in legs[1:]:
        told = sum(amount for who, amount in given_out if holder(who) == leg.account)
        assert leg.amount_fen == told


def test_a_credit_of_nothing_has_no_leg() -> None:
    assert len(transfer(ESCROW, [Leg(holder(1), 5), Leg(holder(2), 0)])) == 2


A, B = holder("a"), holder("b")


@pytest.mark.parametrize(
    ("legs", "other", "reason"),
    [
        ((), {}, "legs_count"),
        ((Leg(ESCROW, -1),), {}, "legs_count"),
        (
            (Leg(ESCROW, -16), *(Leg(holder(i), 1) for i in range(16))),
            {},
            "legs_count",
        ),
        ((Leg(ESCROW, 1), Leg(A, -1)), {}, "first_leg_is_the_only_debit"),
        ((Leg(ESCROW, 0), Leg(A, 0)), {}, "first_leg_is_the_only_debit"),
        ((Leg(ESCROW, -1), Leg(A, 1), Leg(B, 0)), {}, "first_leg_is_the_only_debit"),
        ((Leg(ESCROW, -1), Leg(A, 2), Leg(B, -1)), {}, "first_leg_is_the_only_debit"),
        ((Leg(ESCROW, -CEILING - 1), Leg(A, CEILING + 1)), {}, "amount_out_of_range"),
        ((Leg(ESCROW, -2), Leg(A, 1), Leg(A, 1)), {}, "account_twice"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"booked_at": NOON.replace(tzinfo=None)}, "instant_without_zone"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"currency": "USD"}, "currency"),
        ((Leg(A, -1), Leg(B, 1)), {}, "kind_and_accounts"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"order_id": None}, "account_of_another_order"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"order_id": KEY}, "account_of_another_order"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"book": "other"}, "book"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"value_on": dt.date(2022, 12, 31)}, "dated_before_the_books"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"adjusts": dt.date(2026, 3, 1)}, "adjusts_no_earlier_month"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"adjusts": dt.date(2026, 2, 2)}, "adjusts_no_earlier_month"),
        ((Leg(A, -1), Leg(refund_owed_to(ORDER), 1)), {"kind": Kind.REVERSAL}, "reverses_nothing"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"kind": Kind.REFUND}, "kind_and_accounts"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"kind": Kind.PAY_IN}, "kind_and_accounts"),
        ((Leg(ESCROW, -1), Leg(A, 1)), {"kind": Kind.REFUND_SETTLED}, "kind_and_accounts"),
        (
            (Leg(clearing_of("x"), -2), Leg(ESCROW, 1), Leg(A, 1)),
            {"kind": Kind.PAY_IN},
            "kind_and_accounts",
        ),
    ],
)  # fmt: skip
def test_a_malformed_entry_is_not_built(
    legs: tuple[Leg, ...], other: dict[str, Any], reason: str
) -> None:
    with pytest.raises(EntryMalformed) as refused:
        entry(*legs, **other)

    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (Kind.PAY_IN, clearing_of("x"), ESCROW),
        (Kind.RELEASE, ESCROW, A),
        (Kind.REFUND, ESCROW, refund_owed_to(ORDER)),
        (Kind.REFUND_SETTLED, refund_owed_to(ORDER), clearing_of("x")),
    ],
)
def test_every_kind_has_an_entry_that_can_be_read_back(
    kind: Kind, source: Account, target: Account
) -> None:
    built = entry(*transfer(source, [Leg(target, 7)]), kind=kind, reverses=KEY)

    assert read_record(built.record()) == built
    assert built.digest() == hashlib.sha256(built.record()).digest()


def test_the_record_is_canonical_and_golden() -> None:
    built = entry(*transfer(ESCROW, [Leg(A, 7)]))

    assert built.record() == (
        b'{"book":"market","booked_at":"2026-03-02T04:00:00.000000Z","currency":"CNY",'
        b'"format":"shushi/journal/1","key":"019c0000-0000-7000-8000-000000000001",'
        b'"kind":"release","legs":[["order_escrow/019c0000-0000-7000-8000-000000000002",-7],'
        b'["payable/a",7]],"order_id":"019c0000-0000-7000-8000-000000000002","reverses":null,'
        b'"rule_version":"test/1","value_on":"2026-03-02"}'
    )


def test_a_late_fact_names_the_month_that_it_adjusts() -> None:
    late = entry(*transfer(ESCROW, [Leg(A, 7)]), adjusts=dt.date(2026, 1, 1))

    assert late.record().startswith(b'{"adjusts":"2026-01-01","book":"market"')
    assert b'"format":"shushi/journal/2"' in late.record()
    assert read_record(late.record()) == late
    assert not late.repeats(entry(*transfer(ESCROW, [Leg(A, 7)])))


def test_the_same_entry_sent_later_repeats_the_first() -> None:
    first = entry(*transfer(ESCROW, [Leg(A, 7)]))
    later = entry(*transfer(ESCROW, [Leg(A, 7)]), booked_at=NOON + dt.timedelta(hours=1))
    other = entry(*transfer(ESCROW, [Leg(A, 8)]))

    assert later.repeats(first)
    assert not other.repeats(first)


@given(st.data())
def test_a_record_with_one_changed_byte_is_not_the_entry(data: st.DataObject) -> None:
    built = entry(*transfer(ESCROW, [Leg(A, 700), Leg(B, 300)]))
    changed = bytearray(built.record())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))

    try:
        read = read_record(bytes(changed))
    except RecordUnreadable:
        return
    assert read.digest() != built.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"note": 1},
        {"legs": [["pocket/x", -7], ["payable/a", 7]]},
        {"legs": [["order_escrow/019c0000-0000-7000-8000-000000000002", -7], ["payable/a", 8]]},
        {"format": "shushi/journal/2"},
        {"booked_at": "2026-03-02T04:00:00Z"},
        {"booked_at": "0001-01-01T00:00:00+01:00"},
    ],
)
def test_a_record_that_says_something_else_is_unreadable(change: dict[str, Any]) -> None:
    record = json.loads(entry(*transfer(ESCROW, [Leg(A, 7)])).record())

    told = json.dumps(record | change, separators=(",", ":"), sort_keys=True).encode()

    with pytest.raises(RecordUnreadable):
        read_record(told)
    with pytest.raises(RecordUnreadable):
        read_record(b"\xff")
