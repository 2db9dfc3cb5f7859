"""Count working days (工作日): weekdays, less the public holidays, plus the make-up days (调休).

Which days are off and which weekend days are worked is told each year by a notice of the State
Council (国务院办公厅关于…年部分节假日安排的通知), usually in the November before. Until a year's
notice is known, the weekday rule stands in and the result says so (``provisional``, A5): nothing
here raises because a year is unknown, and nothing unknown is given out as final.

The first day is not counted (民法典 201, A2).
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from catalog.kernel.errors import Invalid

_ONE_DAY: Final = dt.timedelta(days=1)
_SATURDAY: Final = 5


class CalendarYearEmpty(Invalid):
    """The notice declares no day off: no year is like that, so the table was not filled in."""

    code = "calendar_year_empty"


class CalendarDayOutsideYear(Invalid):
    """A declared day lies neither in the year nor in the December before it."""

    code = "calendar_day_outside_year"


class CalendarDayContradictory(Invalid):
    """The same day is declared off and worked."""

    code = "calendar_day_contradictory"


class CalendarWorkdayNotWeekend(Invalid):
    """A make-up day (调休上班) falls on a weekday, which is worked anyway."""

    code = "calendar_workday_not_weekend"


class YearTable(msgspec.Struct, frozen=True):
    """One year's notice (节假日安排): the days off, and the weekend days worked instead.

    ``holidays`` holds every day off that the notice names, weekends inside a span included.
    A notice may reach back: those for 2012 and 2019 moved days of the December before.
    """

    year: int
    notice_number: str
    issued_on: dt.date
    holidays: frozenset[dt.date]
    workdays: frozenset[dt.date]


def check_table(table: YearTable) -> None:
    """Return if ``table`` can be a notice.

    :raises CalendarYearEmpty: if no day is off.
    :raises CalendarDayOutsideYear: if a day lies outside the year and the December before.
    :raises CalendarDayContradictory: if a day is both off and worked.
    :raises CalendarWorkdayNotWeekend: if a make-up day is no weekend day.
    """
    if not table.holidays:
        raise CalendarYearEmpty(year=table.year)
    if outside := {d for d in table.holidays | table.workdays if not _may_declare(table.year, d)}:
        raise CalendarDayOutsideYear(year=table.year, days=_iso(outside))
    if both := table.holidays & table.workdays:
        raise CalendarDayContradictory(year=table.year, days=_iso(both))
    if weekdays := {d for d in table.workdays if not _is_weekend(d)}:
        raise CalendarWorkdayNotWeekend(year=table.year, days=_iso(weekdays))


class Reason(enum.StrEnum):
    """Why a day counts or does not."""

    WEEKDAY = "weekday"  # 工作日
    MAKE_UP_DAY = "make_up_day"  # 调休上班
    WEEKEND = "weekend"  # 休息日
    HOLIDAY = "holiday"  # 放假
    WEEKDAY_ASSUMED = "weekday_assumed"  # the year's notice is not known
    WEEKEND_ASSUMED = "weekend_assumed"  # the year's notice is not known
    PAUSED = "paused"  # 中止计时: the clock stood still


_WORKED: Final = frozenset({Reason.WEEKDAY, Reason.MAKE_UP_DAY, Reason.WEEKDAY_ASSUMED})


class Calendar(msgspec.Struct, frozen=True):
    """The working-day calendar (工作日历): the notices known, by year."""

    years: Mapping[int, YearTable] = {}

    def knows(self, year: int) -> bool:
        """Tell whether the notice for ``year`` is known."""
        return year in self.years

    def reason(self, day: dt.date) -> Reason:
        """Return why ``day`` is worked or not."""
        if (notice := self._declaring(day)) is not None:
            return Reason.HOLIDAY if day in notice.holidays else Reason.MAKE_UP_DAY
        if self.knows(day.year):
            return Reason.WEEKEND if _is_weekend(day) else Reason.WEEKDAY
        return Reason.WEEKEND_ASSUMED if _is_weekend(day) else Reason.WEEKDAY_ASSUMED

    def is_working_day(self, day: dt.date) -> bool:
        """Tell whether ``day`` is worked; in an unknown year by the weekday rule."""
        return self.reason(day) in _WORKED

    def notice_number(self, day: dt.date) -> str | None:
        """Return the number of the notice that settles ``day``, None if its year is unknown."""
        notice = self._declaring(day) or self.years.get(day.year)
        return None if notice is None else notice.notice_number

    def _declaring(self, day: dt.date) -> YearTable | None:
        # The next year's notice comes later and may move days of this December, so it goes first.
        for year in (day.year + 1, day.year):
            notice = self.years.get(year)
            if notice is not None and (day in notice.holidays or day in notice.workdays):
                return notice
        return None


class Gap(msgspec.Struct, frozen=True):
    """Days on which a clock stood still (中止计时): those after ``after``, up to ``through``.

    As with every period the day on which it begins is not part of it (A2); None: it has not ended.
    """

    after: dt.date
    through: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Tell whether ``day`` is one of them."""
        return self.after < day and (self.through is None or day <= self.through)


class WorkingDay(NamedTuple):
    """The day that a count arrived at, and whether an unknown year was stepped into."""

    day: dt.date
    provisional: bool


class Step(msgspec.Struct, frozen=True):
    """One day that a count stepped over: counted with its number, or skipped, and why."""

    day: dt.date
    counted: int | None
    reason: Reason
    notice_number: str | None


def add_working_days(
    start: dt.date, n: int, calendar: Calendar, gaps: Collection[Gap] = ()
) -> WorkingDay:
    """Return the ``n``-th working day after ``start``, which is itself not counted (A2).

    Days in ``gaps``, all of which have ended, are not counted. ``provisional`` if any day stepped
    over lies in a year whose notice is not known.
    """
    day, provisional = start, False
    for step in _steps(start, n, calendar, gaps):
        day = step.day
        provisional = provisional or not calendar.knows(day.year)
    return WorkingDay(day, provisional)


def next_working_day(day: dt.date, calendar: Calendar) -> WorkingDay:
    """Return ``day`` if it is worked, else the first working day after it (民法典 203)."""
    provisional = not calendar.knows(day.year)
    while not calendar.is_working_day(day):
        day += _ONE_DAY
        provisional = provisional or not calendar.knows(day.year)
    return WorkingDay(day, provisional)


def count_working_days(after: dt.date, through: dt.date, calendar: Calendar) -> int:
    """Return how many working days lie after ``after``, up to and with ``through``.

    These are the days that remain (剩余工作日) when ``after`` is today; 0 if ``through`` is past.
    """
    days = (after + dt.timedelta(days=i) for i in range(1, (through - after).days + 1))
    return sum(calendar.is_working_day(day) for day in days)


def working_days_to(
    days: Collection[dt.date], start: dt.date, calendar: Calendar
) -> dict[dt.date, int]:
    """Return how many working days lead from ``start`` to each of ``days``; below 0 if it is past.

    One walk for all of them: a list of hundreds asks for the same days again and again.
    """
    counted = {start: 0}
    day, n = start, 0
    for _ in range((max(days, default=start) - start).days):
        day += _ONE_DAY
        n += calendar.is_working_day(day)
        counted[day] = n
    day, n = start, 0
    for _ in range((start - min(days, default=start)).days):
        n -= calendar.is_working_day(day)
        day -= _ONE_DAY
        counted[day] = n
    return {day: counted[day] for day in days}


def explain(start: dt.date, n: int, calendar: Calendar, gaps: Collection[Gap] = ()) -> list[Step]:
    """List every day that ``add_working_days`` steps over, counted or skipped, with its reason."""
    return list(_steps(start, n, calendar, gaps))


def _steps(start: dt.date, n: int, calendar: Calendar, gaps: Collection[Gap]) -> Iterator[Step]:
    assert n >= 0, "a period does not run backwards"
    assert all(gap.through is not None for gap in gaps), "a clock that stands still has no end yet"
    day, counted = start, 0
    while counted < n:
        day += _ONE_DAY
        reason = Reason.PAUSED if any(gap.holds(day) for gap in gaps) else calendar.reason(day)
        worked = reason in _WORKED
        counted += worked
        yield Step(day, counted if worked else None, reason, calendar.notice_number(day))


def _may_declare(year: int, day: dt.date) -> bool:
    return dt.date(year - 1, 12, 1) <= day <= dt.date(year, 12, 31)


def _is_weekend(day: dt.date) -> bool:
    return day.weekday() >= _SATURDAY


def _iso(days: set[dt.date] | frozenset[dt.date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
