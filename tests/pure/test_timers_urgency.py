"""Urgency: 严重超期, 已超期, 即将到期, 未到期, counted in working days."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.timers.urgency import Thresholds, Urgency, spans, urgency
from market.workbench.model import Pressing
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


@given(st.dates(dt.date(2024, 1, 1), dt.date(2027, 2, 1)), st.integers(-40, 40))
def test_a_last_day_stands_under_the_head_whose_span_holds_it(today: dt.date, offset: int) -> None:
    due_on = today + dt.timedelta(days=offset)

    holding = [
        head for head, span in spans(today=today, calendar=CALENDAR).items() if span.holds(due_on)
    ]

    assert holding == [urgency(due_on, today=today, calendar=CALENDAR)]


def test_a_line_of_the_queue_says_how_much_it_presses() -> None:
    pressing = Pressing(urgency=Urgency.OVERDUE, working_days_left=0, working_days_late=1)

    assert msgspec.convert(msgspec.to_builtins(pressing), Pressing) == pressing
