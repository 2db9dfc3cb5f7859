"""Say when the next selection is to be announced, so that contracts never lapse (重新比选, HN-23)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.periods import Period, deadline
from catalog.kernel.workdays import Calendar

_ONE_DAY: Final = dt.timedelta(days=1)


def reminds_on(
    ends_on: dt.date, today: dt.date, period: Period, calendar: Calendar
) -> dt.date | None:
    """Return the first day from which ``period`` reaches the end of a contract; None before it.

    Whatever the unit of the period: counted from that day it ends with the contract or later.
    """
    if deadline(period, today, calendar).last_day < ends_on:
        return None
    first = today
    while deadline(period, first - _ONE_DAY, calendar).last_day >= ends_on:
        first -= _ONE_DAY
    return first
