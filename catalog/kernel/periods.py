"""State a period of law (期间) with its source, and compute its last day.

The first day never counts (民法典 201, A2). What happens at the end depends on the unit:

- working days (工作日) end on a working day by themselves;
- calendar days (日) that end on a rest day roll to the next working day (民法典 203, A3);
- months and years are terms: they end on the corresponding day, or on the month's last day if there
  is none (民法典 202), and do not roll, because nothing has to be handed in on that day.
"""

from __future__ import annotations

import calendar as gregorian
import datetime as dt
import enum
from collections.abc import Collection
from typing import Final

import msgspec

from catalog.kernel.local_time import end_of_day
from catalog.kernel.workdays import Calendar, Gap, add_working_days, next_working_day

CHOSEN: Final = "[P]"  # the source of a number that no text gives: we chose it


class Unit(enum.StrEnum):
    """In what a period is counted."""

    WORKING_DAYS = "working_days"  # 工作日
    DAYS = "days"  # 日
    MONTHS = "months"  # 月
    YEARS = "years"  # 年


_MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}


class Period(msgspec.Struct, frozen=True):
    """A period (期间): so many units, and the article that says so, or [P] if we chose it."""

    length: int
    unit: Unit
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        assert self.length > 0, "a period has a length"
        assert self.source, "a period has a source"


class Deadline(msgspec.Struct, frozen=True):
    """The end of a period (期限届满): its last day, final or not yet (A5)."""

    last_day: dt.date
    provisional: bool

    @property
    def ends_at(self) -> dt.datetime:
        """Return the first instant that is too late: 24:00 of the last day (民法典 203, A4)."""
        return end_of_day(self.last_day)


def deadline(
    period: Period,
    start: dt.date,
    calendar: Calendar,
    *,
    gaps: Collection[Gap] = (),
    extended_by: int = 0,
) -> Deadline:
    """Return when ``period`` ends if it is set off on ``start``.

    ``gaps`` are days that are not counted because the clock stood still; ``extended_by`` is how
    many working days the period was made longer. Only periods of working days have either.
    """
    if period.unit is Unit.WORKING_DAYS:
        return Deadline(*add_working_days(start, period.length + extended_by, calendar, gaps))
    assert not gaps, "only working days are stopped"
    assert not extended_by, "only working days are extended"
    if period.unit is Unit.DAYS:
        raw = start + dt.timedelta(days=period.length)
        return Deadline(*next_working_day(raw, calendar))
    months = period.length * _MONTHS[period.unit]
    return Deadline(_corresponding_day(start, months), provisional=False)


def _corresponding_day(start: dt.date, months: int) -> dt.date:
    years, month0 = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month0 + 1
    return dt.date(year, month, min(start.day, gregorian.monthrange(year, month)[1]))
