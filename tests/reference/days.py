"""Count days as RULES §11.2 says, day by day, over a plain list of which days are worked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import chinese_calendar  # type: ignore[import-untyped]

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
DAY = dt.timedelta(days=1)


class Days:
    """Which days are worked, as far as the yearly notices are known."""

    def __init__(self) -> None:
        self.known: set[int] = set()
        self._off: dict[int, set[dt.date]] = {}
        self._on: dict[int, set[dt.date]] = {}

    def copy(self) -> Days:
        """Return another calendar that knows the same years."""
        other = Days()
        other.known = set(self.known)
        other._off, other._on = dict(self._off), dict(self._on)
        return other

    def load(self, year: int, off: Iterable[dt.date], on: Iterable[dt.date]) -> None:
        """Take a yearly notice in; it may reach back into the December before."""
        self.known.add(year)
        self._off[year], self._on[year] = set(off), set(on)

    def works(self, day: dt.date) -> bool:
        """Tell whether a day is worked; the later notice has the last word on a December."""
        for year in (day.year + 1, day.year):
            if day in self._off.get(year, ()):
                return False
            if day in self._on.get(year, ()):
                return True
        return day.weekday() < 5

    def working(self, start: dt.date, n: int) -> tuple[dt.date, bool]:
        """Return the n-th working day after ``start``, and whether an unknown year was entered."""
        day, unknown = start, False
        while n:
            day += DAY
            unknown |= day.year not in self.known
            n -= self.works(day)
        return day, unknown

    def calendar(self, start: dt.date, n: int) -> tuple[dt.date, bool]:
        """Return the n-th day after ``start``, or the next worked one (民法典 203)."""
        day = start + n * DAY
        unknown = day.year not in self.known
        while not self.works(day):
            day += DAY
            unknown |= day.year not in self.known
        return day, unknown

    def worked_between(self, after: dt.date, through: dt.date) -> int:
        """Return how many worked days lie behind ``after``, up to and with ``through``."""
        return sum(self.works(after + i * DAY) for i in range(1, (through - after).days + 1))


def years(start: dt.date, n: int) -> tuple[dt.date, bool]:
    """Return the corresponding day n years later, or the month's last (民法典 202)."""
    try:
        return start.replace(year=start.year + n), False
    except ValueError:
        return start.replace(year=start.year + n, day=28), False


def of_the_library(*wanted: int) -> Days:
    """Return the calendar of these years as chinese_calendar has it."""
    days = Days()
    for year in wanted:
        each = [dt.date(year, 1, 1) + i * DAY for i in range(366)]
        each = [day for day in each if day.year == year]
        worked = {day: chinese_calendar.is_workday(day) for day in each}
        days.load(
            year,
            off=[day for day in each if not worked[day] and day.weekday() < 5],
            on=[day for day in each if worked[day] and day.weekday() >= 5],
        )
    return days


def today(now: dt.datetime) -> dt.date:
    """Return the date in Shanghai."""
    return now.astimezone(SHANGHAI).date()


def midnight_after(day: dt.date) -> dt.datetime:
    """Return 24:00 of a day in Shanghai: the first instant that is too late."""
    return dt.datetime.combine(day + DAY, dt.time(), SHANGHAI)
