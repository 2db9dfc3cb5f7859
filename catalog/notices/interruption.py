"""Judge what an interruption of a channel costs (公示中断, §5.1 notice_interrupted, [P])."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar, count_working_days
from catalog.rulebooks.rulebook import Rulebook


def lost_working_days(down_from: dt.datetime, until: dt.datetime, calendar: Calendar) -> int:
    """Return how many working days a channel was away; the first day is not counted (A2)."""
    return count_working_days(local_date(down_from), local_date(until), calendar)


def extends(lost: int, rulebook: Rulebook) -> bool:
    """Tell whether the notice is longer by the lost days: away for more than one working day."""
    return lost > rulebook.notice_interruption.length


def remark(channel: str, lost: int, earlier: str) -> str:
    """Return the public remark on the notice, behind what was remarked before."""
    said = f"渠道“{channel}”中断 {lost} 个工作日，公示期相应顺延。"
    return f"{earlier} {said}".strip()
