"""Say what a quarter is (季度): from its first day 00:00 to its last day 24:00 in Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.local_time import end_of_day, local_date, start_of_day

_FIRST_YEAR: Final = 2023  # HN-30: there was nothing to report before
_LAST_YEAR: Final = 2200
_MONTHS: Final = 3
_QUARTERS: Final = 4


class ReportQuarterUnknown(Invalid):
    """There is no such quarter, or none to which the rules apply."""

    code = "report_quarter_unknown"


class ReportQuarterNotOver(Refused):
    """A quarter is reported when it is over (HN-21)."""

    code = "report_quarter_not_over"


class Quarter(msgspec.Struct, frozen=True, order=True):
    """A quarter of a year, 1 to 4.

    :raises ReportQuarterUnknown: if there is none of that number, or the year is out of range.
    """

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse what is no quarter."""
        if not (_FIRST_YEAR <= self.year <= _LAST_YEAR and 1 <= self.number <= _QUARTERS):
            raise ReportQuarterUnknown(year=self.year, quarter=self.number)

    @property
    def first_day(self) -> dt.date:
        """Return its first day."""
        return dt.date(self.year, _MONTHS * (self.number - 1) + 1, 1)

    @property
    def last_day(self) -> dt.date:
        """Return its last day, from which the report's period runs (A29)."""
        following = self.first_day + dt.timedelta(days=31 * _MONTHS)
        return following.replace(day=1) - dt.timedelta(days=1)

    @property
    def starts_at(self) -> dt.datetime:
        """Return its first instant."""
        return start_of_day(self.first_day)

    @property
    def ends_at(self) -> dt.datetime:
        """Return the first instant that is no longer in it."""
        return end_of_day(self.last_day)

    def holds(self, at: dt.datetime) -> bool:
        """Tell whether ``at`` lies in it."""
        return self.starts_at <= at < self.ends_at

    def require_over(self, now: dt.datetime) -> None:
        """Return if it is over.

        :raises ReportQuarterNotOver: if not.
        """
        if now < self.ends_at:
            raise ReportQuarterNotOver(
                year=self.year, quarter=self.number, ends_on=self.last_day.isoformat()
            )


def last_ended(now: dt.datetime) -> Quarter:
    """Return the newest quarter that is over."""
    today = local_date(now)
    number = (today.month - 1) // _MONTHS
    return Quarter(today.year - 1, _QUARTERS) if number == 0 else Quarter(today.year, number)


def ended_since(day: dt.date, now: dt.datetime) -> list[Quarter]:
    """Return the quarters that ended on ``day`` or later and are over, oldest first."""
    newest = last_ended(now)
    quarters = [
        Quarter(year, number)
        for year in range(max(day.year, _FIRST_YEAR), newest.year + 1)
        for number in range(1, _QUARTERS + 1)
    ]
    return [each for each in quarters if each.last_day >= day and each <= newest]
