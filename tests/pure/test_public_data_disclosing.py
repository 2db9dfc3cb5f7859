"""A year of public data is disclosed by the last day of March."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from market.public_data_reports.disclosing import WITHIN, counted_from, reported_year
from market.public_data_reports.drawing_up import due_on


@pytest.mark.parametrize("year", [2023, 2025, 2027])
def test_a_year_is_disclosed_by_31_march_of_the_next_whatever_day_of_the_week_that_is(
    year: int,
) -> None:
    due = deadline(WITHIN, counted_from(year), Calendar())

    assert (due.last_day, due.provisional) == (dt.date(year + 1, 3, 31), False)
    assert due.last_day == due_on(year)


@pytest.mark.parametrize("today", [dt.date(2027, 1, 1), dt.date(2027, 12, 31)])
def test_what_is_to_be_disclosed_is_the_year_that_is_over(today: dt.date) -> None:
    assert reported_year(today) == 2026
