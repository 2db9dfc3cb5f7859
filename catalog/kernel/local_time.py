"""Convert between instants (UTC) and local dates of Asia/Shanghai. Pure: no clock is read.

An instant is an aware ``datetime`` in UTC (``_at``); a date of law is a local date of
Asia/Shanghai (``_on``).
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def local_date(instant: dt.datetime) -> dt.date:
    """Return the Asia/Shanghai date on which ``instant`` falls."""
    return instant.astimezone(SHANGHAI).date()


def start_of_day(day: dt.date) -> dt.datetime:
    """Return the instant at which ``day`` begins in Asia/Shanghai, in UTC."""
    return dt.datetime.combine(day, dt.time(0), SHANGHAI).astimezone(dt.UTC)


def end_of_day(day: dt.date) -> dt.datetime:
    """Return the instant at which ``day`` is over: 24:00 in Shanghai, exclusive (民法典 203, A4)."""
    return start_of_day(day + dt.timedelta(days=1))
