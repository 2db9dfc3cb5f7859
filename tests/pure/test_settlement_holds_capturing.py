"""What may be captured of a hold, and when it is over."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest

from settlement.holds.capturing import (
    HoldExceeded,
    HoldNotDue,
    HoldOfAnother,
    HoldRanOut,
    capturing,
    check_due,
    has_run_out,
)
from settlement.holds.model import Hold, Reason
from settlement.holds.states import Event, EventNotAllowed, State
from settlement.ledger.accounts import BOOK, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Fen

NOON = dt.datetime(2026, 2, 28, 4, 0, tzinfo=dt.UTC)
END = NOON + dt.timedelta(days=1)
ORDER = uuid.UUID("018f0000-0000-7000-8000-000000000001")
OTHER = uuid.UUID("018f0000-0000-7000-8000-000000000002")


def hold(**changes: object) -> Hold:
    made = Hold(
        key=ORDER,
        account=escrow_of(ORDER),
        book=BOOK,
        order_id=ORDER,
        reason=Reason.DEPOSIT,
        amount_fen=Fen(100),
        placed_at=NOON,
        expires_at=END,
    )
    return msgspec.structs.replace(made, **changes)


def entry(amount_fen: int, order_id: uuid.UUID = ORDER) -> Entry:
    return Entry(
        key=uuid.UUID("018f0000-0000-7000-8000-000000000003"),
        kind=Kind.REFUND,
        legs=transfer(escrow_of(order_id), [Leg(refund_owed_to(OTHER), amount_fen)]),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="test/1",
        order_id=order_id,
    )


@pytest.mark.parametrize(
    ("captured_fen", "amount_fen", "event"),
    [
        (0, 1, Event.CAPTURE_PART),
        (0, 99, Event.CAPTURE_PART),
        (0, 100, Event.CAPTURE_REST),
        (60, 39, Event.CAPTURE_PART),
        (60, 40, Event.CAPTURE_REST),
    ],
)
def test_a_capture_takes_a_part_or_the_rest(
    captured_fen: int, amount_fen: int, event: Event
) -> None:
    assert capturing(hold(captured_fen=captured_fen), entry(amount_fen), NOON) is event


def test_one_fen_more_than_is_left_is_refused() -> None:
    with pytest.raises(HoldExceeded) as refused:
        capturing(hold(captured_fen=60), entry(41), NOON)

    assert refused.value.facts == {"left_fen": 40, "amount_fen": 41}


def test_another_account_order_or_book_captures_nothing() -> None:
    with pytest.raises(HoldOfAnother):
        capturing(hold(), entry(1, OTHER), NOON)
    with pytest.raises(HoldOfAnother):
        capturing(hold(book="public_data"), entry(1), NOON)
    with pytest.raises(HoldOfAnother):
        capturing(hold(order_id=None), entry(1), NOON)


def test_the_first_instant_after_its_time_is_too_late_and_the_last_before_is_not() -> None:
    assert capturing(hold(), entry(1), END - dt.timedelta(microseconds=1)) is Event.CAPTURE_PART
    with pytest.raises(HoldRanOut):
        capturing(hold(), entry(1), END)


def test_what_is_over_is_not_captured_whatever_is_asked() -> None:
    with pytest.raises(EventNotAllowed):
        capturing(hold(state=State.RELEASED, released_fen=100), entry(1), NOON)


def test_only_what_has_an_end_runs_out() -> None:
    endless = hold(expires_at=None)

    assert [has_run_out(hold(), at) for at in (NOON, END)] == [False, True]
    assert not has_run_out(endless, END)
    check_due(hold(), END)
    for each in (hold(), endless):
        with pytest.raises(HoldNotDue):
            check_due(each, NOON)


def test_a_hold_repeats_another_whenever_it_was_placed_but_not_on_other_terms() -> None:
    assert hold().repeats(hold(placed_at=END, state=State.RELEASED))
    assert not hold().repeats(hold(amount_fen=Fen(101)))
    assert not hold().repeats(hold(expires_at=None))
