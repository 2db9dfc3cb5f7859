"""Say why a last day is that day (期限说明): every day that was stepped over, and by which notice.

The same count as ``periods.deadline`` makes, shown day by day; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import msgspec

from catalog.kernel.periods import Unit
from catalog.kernel.workdays import Calendar, Step, explain
from catalog.timers.model import Timer
from catalog.timers.pausing import last_day

_ONE_DAY: Final = dt.timedelta(days=1)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How a timer's last day comes about (期限说明).

    Days on which the clock stood still are shown as ``paused``; a clock that still stands has only
    the last day that it had. ``days`` is empty for months and years: they end on the corresponding day (民法典 202).
    """

    timer: Timer
    counted_from: dt.date  # the first day, itself not counted (民法典 201, A2)
    days: tuple[Step, ...]
    last_day: dt.date
    ends_at: dt.datetime
    provisional: bool
    notice_numbers: tuple[str, ...]  # 节假日安排的通知 that settle one of the days


def explain_timer(timer: Timer, calendar: Calendar) -> Explanation:
    """Return every day between the start of ``timer`` and its end by ``calendar``."""
    period, start = timer.period, timer.started_on
    if period.unit is Unit.WORKING_DAYS:
        days = tuple(explain(start, period.length + timer.extended_by, calendar, timer.gaps))
    elif period.unit is Unit.DAYS:
        days = tuple(_calendar_days(start, period.length, calendar))
    else:
        days = ()
    due = last_day(timer, calendar)
    numbers = {step.notice_number: None for step in days if step.notice_number is not None}
    return Explanation(
        timer=timer,
        counted_from=start,
        days=days,
        last_day=due.last_day,
        ends_at=due.ends_at,
        provisional=due.provisional,
        notice_numbers=tuple(numbers),
    )


def _calendar_days(start: dt.date, length: int, calendar: Calendar) -> Iterator[Step]:
    """Count each of ``length`` days; a last one that is a rest day moves on (民法典 203, A3)."""
    day, n = start, 0
    while n < length or not calendar.is_working_day(day):
        day += _ONE_DAY
        n += 1
        counted = n if n <= length else None
        yield Step(day, counted, calendar.reason(day), calendar.notice_number(day))
