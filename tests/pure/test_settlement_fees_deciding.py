"""A fee schedule is proposed by one, decided by another, alone on its days, and never for the past."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest

from settlement.fees import deciding
from settlement.fees.model import FeeSchedule, FeeScheduleId
from settlement.fees.states import (
    TRANSITIONS,
    Event,
    FeeScheduleEventNotAllowed,
    State,
    advance,
)
from tests.pure.test_pricing import refused
from tests.pure.test_settlement_fees_deducting import fee

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)


def day(number: int) -> dt.date:
    return TODAY + dt.timedelta(days=number)


def make_schedule(first: int = 0, last: int | None = None, **changes: Any) -> FeeSchedule:
    values: dict[str, Any] = {
        "id": FeeScheduleId(uuid.UUID(int=1)),
        "number": 3,
        "state": State.DECIDED,
        "name": "2026 年费率表",
        "document_number": "琼数〔2026〕1号",
        "effective_from": day(first),
        "effective_to": None if last is None else day(last),
        "fees": (fee(),),
        "proposed_by": uuid.UUID(int=2),
        "proposed_at": NOW,
        "updated_at": NOW,
    }
    return FeeSchedule(**(values | changes))


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    allowed = {
        ("proposed", "decide"): "decided",
        ("proposed", "reject"): "rejected",
        ("proposed", "withdraw"): "withdrawn",
        ("decided", "end"): "ended",
    }
    following = allowed.get((state.value, event.value))

    if following is None:
        with pytest.raises(FeeScheduleEventNotAllowed):
            advance(state, event)
    else:
        assert advance(state, event) == following
    assert len(TRANSITIONS) == len(allowed)


@pytest.mark.parametrize(
    ("first", "last", "other_first", "other_last", "overlaps"),
    [
        (0, 9, 10, None, False),
        (0, 10, 10, None, True),
        (10, None, 0, 9, False),
        (10, None, 0, 10, True),
        (0, None, 100, 200, True),
        (100, 200, 0, None, True),
        (5, 5, 5, 5, True),
        (0, 100, 20, 30, True),
    ],
)
def test_one_schedule_is_in_force_on_a_day(
    first: int, last: int | None, other_first: int, other_last: int | None, overlaps: bool
) -> None:
    schedule = make_schedule(first, last)
    other = make_schedule(other_first, other_last, number=2)

    if overlaps:
        with pytest.raises(deciding.FeeScheduleOverlaps) as found:
            deciding.check_alone(schedule, [other])
        assert found.value.facts == {"number": 2, "effective_from": day(other_first).isoformat()}
    else:
        deciding.check_alone(schedule, [other])


def test_no_schedule_holds_for_days_that_are_over() -> None:
    deciding.check_period(TODAY, None, TODAY)
    deciding.check_period(TODAY, TODAY, TODAY)
    for first, last in ((day(-1), None), (day(5), day(4))):
        assert refused(deciding.check_period, first, last, TODAY) == "fee_schedule_period_invalid"


def test_a_schedule_ends_earlier_than_it_was_to_and_not_before_today() -> None:
    running, bounded, later = make_schedule(), make_schedule(0, 9), make_schedule(5)

    deciding.check_end(running, TODAY, TODAY)
    deciding.check_end(bounded, day(8), TODAY)
    for schedule, ends in ((running, day(-1)), (bounded, day(9)), (later, day(4))):
        assert refused(deciding.check_end, schedule, ends, TODAY) == "fee_schedule_period_invalid"


def test_who_proposed_a_schedule_does_not_decide_it() -> None:
    schedule = make_schedule()

    deciding.check_second(schedule, uuid.UUID(int=9))
    assert refused(deciding.check_second, schedule, uuid.UUID(int=2)) == "fee_schedule_own_proposal"
    assert schedule.code == "fee-schedule/3"
