"""Periods of law: the vectors of RULES §11.3 in days and years, and the hour of the end."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.local_time import end_of_day, local_date, start_of_day
from catalog.kernel.periods import Deadline, Period, Unit, deadline
from seeds.workdays import load_calendar

CALENDAR = load_calendar()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


VECTORS = [
    ("D1", "2026-02-13", 3, Unit.WORKING_DAYS, "2026-02-25"),
    ("D5", "2026-03-02", 3, Unit.DAYS, "2026-03-05"),
    ("D5", "2026-03-04", 3, Unit.DAYS, "2026-03-09"),
    ("D5", "2026-03-05", 3, Unit.DAYS, "2026-03-09"),
    ("D5", "2026-05-06", 3, Unit.DAYS, "2026-05-09"),
    ("D5", "2026-09-30", 3, Unit.DAYS, "2026-10-08"),
    ("D6", "2026-02-10", 7, Unit.DAYS, "2026-02-24"),
    ("D6", "2026-02-21", 7, Unit.DAYS, "2026-02-28"),
    ("D6", "2025-09-25", 7, Unit.DAYS, "2025-10-09"),
    ("D10", "2024-02-29", 5, Unit.YEARS, "2029-02-28"),
    ("D9", "2026-01-15", 2, Unit.YEARS, "2028-01-15"),
    ("civil code 202", "2026-01-31", 1, Unit.MONTHS, "2026-02-28"),
    ("civil code 202", "2026-08-31", 6, Unit.MONTHS, "2027-02-28"),
    ("civil code 202", "2026-12-15", 1, Unit.MONTHS, "2027-01-15"),
    ("civil code 202", "2024-02-29", 4, Unit.YEARS, "2028-02-29"),
]


@pytest.mark.parametrize(("rule", "start", "length", "unit", "last"), VECTORS)
def test_a_period_ends_where_the_rules_say(
    rule: str, start: str, length: int, unit: Unit, last: str
) -> None:
    assert deadline(Period(length, unit, rule), day(start), CALENDAR) == Deadline(day(last), False)


def test_working_days_into_an_unknown_year_are_provisional() -> None:
    seven = Period(7, Unit.WORKING_DAYS, "HN-16")

    assert deadline(seven, day("2026-12-28"), CALENDAR).provisional


def test_calendar_days_are_provisional_only_if_their_last_day_is() -> None:
    three = Period(3, Unit.DAYS, "HN-20")

    assert deadline(three, day("2026-12-30"), CALENDAR) == Deadline(day("2027-01-04"), True)
    assert deadline(three, day("2026-12-28"), CALENDAR) == Deadline(day("2026-12-31"), False)


def test_a_term_of_years_needs_no_calendar() -> None:
    assert not deadline(Period(2, Unit.YEARS, "HN-24"), day("2030-05-01"), CALENDAR).provisional


def test_a_deadline_ends_at_midnight_in_shanghai() -> None:
    ends_at = Deadline(day("2026-03-05"), False).ends_at

    assert ends_at == dt.datetime(2026, 3, 5, 16, tzinfo=dt.UTC)
    assert ends_at.tzinfo is dt.UTC


@pytest.mark.parametrize(("length", "source"), [(0, "HN-10"), (-1, "HN-10"), (3, "")])
def test_a_period_without_length_or_source_can_not_be_made(length: int, source: str) -> None:
    with pytest.raises(AssertionError):
        Period(length, Unit.DAYS, source)


@given(
    st.dates(dt.date(2023, 6, 1), dt.date(2028, 6, 1)),
    st.integers(1, 60),
    st.sampled_from(list(Unit)),
)
def test_a_period_ends_after_it_starts_and_a_longer_one_never_earlier(
    start: dt.date, length: int, unit: Unit
) -> None:
    this = deadline(Period(length, unit, "x"), start, CALENDAR)
    longer = deadline(Period(length + 1, unit, "x"), start, CALENDAR)

    assert start < this.last_day <= longer.last_day


@given(
    st.dates(dt.date(2024, 1, 1), dt.date(2026, 10, 31)),
    st.integers(1, 30),
    st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]),
)
def test_days_end_on_a_day_that_is_worked(start: dt.date, length: int, unit: Unit) -> None:
    last = deadline(Period(length, unit, "x"), start, CALENDAR).last_day

    assert CALENDAR.is_working_day(last)


@given(st.dates(dt.date(1992, 1, 1), dt.date(2100, 1, 1)))
def test_a_day_lasts_from_its_start_up_to_but_without_its_end(each: dt.date) -> None:
    instant = dt.timedelta(microseconds=1)

    assert local_date(start_of_day(each)) == each
    assert local_date(start_of_day(each) - instant) == each - dt.timedelta(days=1)
    assert local_date(end_of_day(each) - instant) == each
    assert end_of_day(each) == start_of_day(each + dt.timedelta(days=1))
