"""Urgency: 严重超期, 已超期, 即将到期, 未到期, counted in working days."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.periods import Deadline, Period, Unit
from catalog.timers.model import Timer, TimerId
from catalog.timers.states import State
from catalog.timers.urgency import Thresholds, Urgency, group, urgency
from seeds.workdays import load_calendar

CALENDAR = load_calendar()


@pytest.mark.parametrize(
    ("due_on", "today", "expected"),
    [
        ("2026-03-05", "2026-03-02", Urgency.NOT_YET_DUE),  # three days left
        ("2026-03-05", "2026-03-03", Urgency.DUE_SOON),  # two
        ("2026-03-05", "2026-03-05", Urgency.DUE_SOON),  # the last day itself
        ("2026-03-05", "2026-03-06", Urgency.OVERDUE),  # one day late
        ("2026-03-05", "2026-03-12", Urgency.OVERDUE),  # five
        ("2026-03-05", "2026-03-13", Urgency.BADLY_OVERDUE),  # six
        ("2026-02-13", "2026-02-23", Urgency.OVERDUE),  # one: the make-up Saturday before the feast
        ("2026-10-09", "2026-09-30", Urgency.DUE_SOON),  # two: a week's holiday does not count
        ("2027-01-06", "2026-12-31", Urgency.NOT_YET_DUE),  # four, by the weekday rule
    ],
)
def test_pressure_is_counted_in_working_days(due_on: str, today: str, expected: Urgency) -> None:
    found = urgency(
        dt.date.fromisoformat(due_on), today=dt.date.fromisoformat(today), calendar=CALENDAR
    )

    assert found is expected


def test_the_two_numbers_may_be_set() -> None:
    strict = Thresholds(badly_after_working_days=0, soon_within_working_days=0)
    due_on = dt.date(2026, 3, 5)

    found = [
        urgency(due_on, today=dt.date(2026, 3, d), calendar=CALENDAR, thresholds=strict)
        for d in (4, 5, 6)
    ]

    assert found == [Urgency.NOT_YET_DUE, Urgency.DUE_SOON, Urgency.BADLY_OVERDUE]


@given(st.dates(dt.date(2024, 1, 1), dt.date(2027, 6, 1)), st.integers(-40, 40))
def test_nothing_is_overdue_before_its_last_day_is_over(due_on: dt.date, offset: int) -> None:
    today = due_on + dt.timedelta(days=offset)

    found = urgency(due_on, today=today, calendar=CALENDAR)

    assert (found in {Urgency.OVERDUE, Urgency.BADLY_OVERDUE}) == (today > due_on)


def test_a_workbench_shows_what_runs_under_four_heads_in_the_order_of_the_last_day() -> None:
    soon, later = make_timer(1, "2026-03-06"), make_timer(2, "2026-03-20")
    bad, late, worse = (
        make_timer(3, "2026-02-03", State.OVERDUE),
        make_timer(4, "2026-03-04", State.OVERDUE),
        make_timer(5, "2026-02-02"),
    )
    done = make_timer(6, "2026-03-06", State.CANCELLED)

    groups = group(
        [later, soon, bad, late, worse, done], today=dt.date(2026, 3, 5), calendar=CALENDAR
    )

    assert list(groups) == list(Urgency)
    assert groups == {
        Urgency.BADLY_OVERDUE: [worse, bad],
        Urgency.OVERDUE: [late],
        Urgency.DUE_SOON: [soon],
        Urgency.NOT_YET_DUE: [later],
    }


def make_timer(number: int, due_on: str, state: State = State.OPEN) -> Timer:
    due = Deadline(dt.date.fromisoformat(due_on), provisional=False)
    timer = Timer(
        id=TimerId(uuid.UUID(int=number)),
        kind="review",
        subject_kind="application",
        subject_id=uuid.UUID(int=100 + number),
        against="operator",
        party_id=None,
        rulebook="hn-2023-interim",
        started_on=dt.date(2026, 1, 5),
        started_at=dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC),
        period=Period(1, Unit.WORKING_DAYS, "HN-12"),
        due_on=due.last_day,
        ends_at=due.ends_at,
        provisional=False,
        state=State.OPEN,
    )
    return msgspec.structs.replace(timer, state=state)
