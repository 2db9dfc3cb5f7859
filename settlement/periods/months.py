"""Say what a month and a span of months are (月、季、年): by the days of Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.local_time import end_of_day
from settlement.ledger.journal import FIRST_DAY

_FIRST_YEAR: Final = FIRST_DAY.year
_LAST_YEAR: Final = 2200
_MONTHS: Final = 12
_MONTHS_OF_A_QUARTER: Final = 3
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_SPAN: Final = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|([0-9]{2})))?")


class MonthUnknown(Invalid):
    """The text names no month, quarter or year of these books."""

    code = "month_unknown"


class PeriodNotOver(Refused):
    """What is closed or stated has to be over."""

    code = "period_not_over"


class Month(msgspec.Struct, frozen=True, order=True):
    """A month of the books (会计月份).

    :raises MonthUnknown: if there is none of that number, or the year is out of range.
    """

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse what is no month."""
        if not (_FIRST_YEAR <= self.year <= _LAST_YEAR and 1 <= self.number <= _MONTHS):
            raise MonthUnknown(month=f"{self.year}-{self.number:02}")

    @property
    def text(self) -> str:
        """Return it as it is written: ``2026-11``."""
        return f"{self.year}-{self.number:02}"

    @property
    def first_day(self) -> dt.date:
        """Return its first day."""
        return dt.date(self.year, self.number, 1)

    @property
    def last_day(self) -> dt.date:
        """Return its last day."""
        following = self.first_day + dt.timedelta(days=31)
        return following.replace(day=1) - dt.timedelta(days=1)

    @property
    def ends_at(self) -> dt.datetime:
        """Return the first instant that is no longer in it."""
        return end_of_day(self.last_day)

    @property
    def next(self) -> Month:
        """Return the month after it."""
        return month_of(self.last_day + dt.timedelta(days=1))

    def require_over(self, now: dt.datetime) -> None:
        """Return if it is over.

        :raises PeriodNotOver: if not.
        """
        if now < self.ends_at:
            raise PeriodNotOver(period=self.text, ends_on=self.last_day.isoformat())


class Span(msgspec.Struct, frozen=True):
    """A month, a quarter or a year, as it was asked for."""

    text: str
    first: Month
    last: Month

    @property
    def months(self) -> tuple[Month, ...]:
        """Return its months in their order."""
        found = [self.first]
        while found[-1] < self.last:
            found.append(found[-1].next)
        return tuple(found)


def month_of(day: dt.date) -> Month:
    """Return the month in which a day lies."""
    return Month(day.year, day.month)


def month(text: str) -> Month:
    """Return the month that is written ``2026-11``.

    :raises MonthUnknown: if it is none.
    """
    told = _MONTH.fullmatch(text)
    if told is None:
        raise MonthUnknown(month=text[:20])
    return Month(int(told[1]), int(told[2]))


def span(text: str) -> Span:
    """Return what is written ``2026-11`` (a month), ``2026-Q4`` (a quarter) or ``2026`` (a year).

    :raises MonthUnknown: if it is none of these.
    """
    told = _SPAN.fullmatch(text)
    if told is None:
        raise MonthUnknown(month=text[:20])
    year = int(told[1])
    if told[3] is not None:
        return Span(text, Month(year, int(told[3])), Month(year, int(told[3])))
    if told[2] is not None:
        last = int(told[2]) * _MONTHS_OF_A_QUARTER
        return Span(text, Month(year, last - _MONTHS_OF_A_QUARTER + 1), Month(year, last))
    return Span(text, Month(year, 1), Month(year, _MONTHS))
