"""Say until when a year is to be disclosed (披露期限): by 31 March of the next one (NAT-DISC, D20)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.periods import Period, Unit

#: Three months from the last day of the year on, which ends on 31 March.
WITHIN: Final = Period(3, Unit.MONTHS, "NAT-DISC", "国家数据局综合司 2026-02-10: 每年 3 月 31 日前")


def reported_year(today: dt.date) -> int:
    """Return which year is to be disclosed: the one that is over."""
    return today.year - 1


def counted_from(year: int) -> dt.date:
    """Return the day after which the days of a year's disclosure count: its last one."""
    return dt.date(year, 12, 31)
