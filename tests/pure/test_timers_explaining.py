"""Why a last day is that day: the days shown are the days counted."""

from __future__ import annotations

import datetime as dt
import uuid

from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.periods import Period, Unit, deadline
from catalog.kernel.workdays import Reason
from catalog.timers.explaining import Explanation, explain_timer
from catalog.timers.model import Timer, TimerId
from catalog.timers.states import State
from seeds.workdays import load_calendar

CALENDAR = load_calendar()
NOTICE_2026 = CALENDAR.years[2026].notice_number


def test_thirty_working_days_from_24_september_end_on_12_november() -> None:
    found = explained("2026-09-24", Period(30, Unit.WORKING_DAYS, "HN-12"))

    assert found.last_day == dt.date(2026, 11, 12)
    assert [step.day.isoformat() for step in found.days if step.reason is Reason.HOLIDAY] == [
        *(f"2026-09-{day}" for day in (25, 26, 27)),
        *(f"2026-10-0{day}" for day in range(1, 8)),
    ]
    assert [step.day.isoformat() for step in found.days if step.reason is Reason.MAKE_UP_DAY] == [
        "2026-10-10"
    ]
    assert [step.counted for step in found.days if step.counted is not None] == [*range(1, 31)]
    assert found.notice_numbers == (NOTICE_2026,)
    assert not found.provisional


def test_three_days_that_end_in_a_holiday_move_on_to_the_day_after_it() -> None:
    found = explained("2026-09-30", Period(3, Unit.DAYS, "HN-20"))

    assert found.last_day == dt.date(2026, 10, 8)
    assert [(step.day.day, step.counted) for step in found.days] == [
        (1, 1), (2, 2), (3, 3), (4, None), (5, None), (6, None), (7, None), (8, None),
    ]  # fmt: skip


def test_two_years_end_on_the_corresponding_day_without_a_count() -> None:
    found = explained("2026-01-15", Period(2, Unit.YEARS, "HN-24"))

    assert (found.last_day, found.days) == (dt.date(2028, 1, 15), ())


def test_a_year_without_a_notice_is_shown_as_assumed() -> None:
    found = explained("2026-12-28", Period(7, Unit.WORKING_DAYS, "HN-16"))

    assert found.provisional
    assert {step.reason for step in found.days if step.day.year == 2027} == {
        Reason.WEEKDAY_ASSUMED,
        Reason.WEEKEND_ASSUMED,
    }


@given(
    st.dates(dt.date(2023, 12, 1), dt.date(2027, 2, 1)),
    st.integers(1, 60),
    st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS]),
)
def test_the_last_day_shown_is_the_last_day_that_counts(
    start: dt.date, length: int, unit: Unit
) -> None:
    period = Period(length, unit, "HN-12")

    found = explained(start.isoformat(), period)

    assert found.days[-1].day == deadline(period, start, CALENDAR).last_day == found.last_day
    assert sum(step.counted is not None for step in found.days) == length
    assert [step.day for step in found.days] == [
        start + dt.timedelta(days=i) for i in range(1, len(found.days) + 1)
    ]


def explained(started_on: str, period: Period) -> Explanation:
    start = dt.date.fromisoformat(started_on)
    due = deadline(period, start, CALENDAR)
    timer = Timer(
        id=TimerId(uuid.UUID(int=1)),
        kind="review",
        subject_kind="application",
        subject_id=uuid.UUID(int=2),
        against="supermarket_operator",
        party_id=None,
        rulebook="hn-2023-interim",
        started_on=start,
        started_at=dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC),
        period=period,
        due_on=due.last_day,
        ends_at=due.ends_at,
        provisional=due.provisional,
        state=State.OPEN,
    )
    return explain_timer(timer, CALENDAR)
