"""Where a quarter begins and ends."""

from __future__ import annotations

import datetime as dt

import pytest

from market.supervision.quarters import (
    Quarter,
    ReportQuarterNotOver,
    ReportQuarterUnknown,
    ended_since,
    last_ended,
)
from tests.makers_supervision import at


@pytest.mark.parametrize(
    ("number", "first", "last"),
    [(1, (1, 1), (3, 31)), (2, (4, 1), (6, 30)), (3, (7, 1), (9, 30)), (4, (10, 1), (12, 31))],
)
def test_a_quarter_has_its_days(number: int, first: tuple[int, int], last: tuple[int, int]) -> None:
    quarter = Quarter(2026, number)

    assert quarter.first_day == dt.date(2026, *first)
    assert quarter.last_day == dt.date(2026, *last)


def test_a_quarter_begins_and_ends_at_midnight_in_hainan() -> None:
    quarter = Quarter(2026, 1)

    assert quarter.starts_at == dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC)
    assert quarter.holds(quarter.starts_at)
    assert not quarter.holds(quarter.ends_at)
    assert quarter.ends_at == Quarter(2026, 2).starts_at


@pytest.mark.parametrize(("year", "number"), [(2026, 0), (2026, 5), (2022, 4), (2201, 1)])
def test_what_is_no_quarter_is_refused(year: int, number: int) -> None:
    with pytest.raises(ReportQuarterUnknown):
        Quarter(year, number)


def test_a_quarter_is_over_when_its_last_day_is() -> None:
    quarter = Quarter(2026, 1)

    with pytest.raises(ReportQuarterNotOver) as refused:
        quarter.require_over(quarter.ends_at - dt.timedelta(microseconds=1))
    quarter.require_over(quarter.ends_at)

    assert refused.value.facts["ends_on"] == "2026-03-31"


def test_the_quarter_that_ended_last_may_lie_in_the_year_before() -> None:
    assert last_ended(at(2, 1)) == Quarter(2025, 4)
    assert last_ended(at(4, 1, 0)) == Quarter(2026, 1)
    assert last_ended(at(12, 31)) == Quarter(2026, 3)


def test_the_quarters_that_ended_since_a_day_are_told_oldest_first() -> None:
    assert ended_since(dt.date(2025, 12, 31), at(12, 31)) == [
        Quarter(2025, 4),
        Quarter(2026, 1),
        Quarter(2026, 2),
        Quarter(2026, 3),
    ]
    assert ended_since(dt.date(2026, 4, 1), at(6, 30)) == []
    assert ended_since(dt.date(2019, 1, 1), at(1, 2))[0] == Quarter(2023, 1)
