"""Prices stand from a day on, never for the past, and never two for one day (HN-04)."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import msgspec
import pytest

from catalog.fees import schedule
from catalog.fees.model import Fee
from catalog.fees.schedule import ApplicationKind, Price
from catalog.fees.states import TRANSITIONS, Event, FeeEventNotAllowed, State, advance
from catalog.kernel.ids import PartyId

TODAY = dt.date(2026, 3, 2)


def price(begins: int, ends: int | None = None, **changes: object) -> Price:
    values = {
        "id": uuid.uuid4(),
        "application_kind": ApplicationKind.FIRST,
        "amount_fen": 100,
        "effective_on": TODAY + dt.timedelta(days=begins),
        "ends_on": None if ends is None else TODAY + dt.timedelta(days=ends),
        "legal_basis": "",
        "reason": "调整",
        "set_by": None,
        "set_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    }
    return Price(**(values | changes))  # type: ignore[arg-type]


def test_a_price_begins_tomorrow_at_the_earliest_has_a_reason_and_a_length() -> None:
    schedule.check_new(price(1), today=TODAY)
    schedule.check_new(price(1, 2), today=TODAY)
    with pytest.raises(schedule.FeeNotRetroactive):
        schedule.check_new(price(0), today=TODAY)
    with pytest.raises(schedule.FeeIntervalInvalid):
        schedule.check_new(price(2, 2), today=TODAY)
    with pytest.raises(schedule.FeeReasonMissing):
        schedule.check_new(price(1, reason=" "), today=TODAY)


def test_an_open_ended_price_is_ended_by_the_next() -> None:
    standing = price(-10)
    other_kind = price(-10, application_kind=ApplicationKind.CHANGE)

    assert schedule.ended_by(price(5), [other_kind, standing]) is standing
    assert schedule.ended_by(price(5), [price(-10, 5), price(9)][:1]) is None
    assert schedule.ended_by(price(5, 9), [price(9)]) is None


@pytest.mark.parametrize("standing", [price(-10, 6), price(5), price(7)])
def test_a_price_that_overlaps_another_is_refused(standing: Price) -> None:
    with pytest.raises(schedule.FeeIntervalOverlaps):
        schedule.ended_by(price(5), [standing])


def test_a_day_has_the_price_that_stands_on_it_or_costs_nothing() -> None:
    first, second = price(0, 5), price(5)

    def on(days: int) -> Price | None:
        return schedule.in_force(
            [first, second], ApplicationKind.FIRST, TODAY + dt.timedelta(days=days)
        )

    assert (on(-1), on(0), on(4), on(5), on(99)) == (None, first, first, second, second)
    assert schedule.in_force([first], ApplicationKind.RENEWAL, TODAY) is None


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_fee_moves_only_as_the_table_says(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(FeeEventNotAllowed):
            advance(state, event)


def test_a_fee_reads_back_as_it_was_frozen() -> None:
    fee = Fee(
        id=uuid.uuid4(),
        application_kind=ApplicationKind.FIRST,
        subject_id=uuid.uuid4(),
        party_id=PartyId(uuid.uuid4()),
        price_id=None,
        amount_fen=0,
        state=State.FREE,
        frozen_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        receipt=None,
        reason=None,
        settled_by=None,
        settled_at=None,
    )

    assert msgspec.convert(msgspec.to_builtins(fee), Fee) == fee
