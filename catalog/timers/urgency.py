"""Sort what is due by how much it presses (催办): 严重超期, 已超期, 即将到期, 未到期.

The four heads are what a workbench shows; the two numbers are ours [P].
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.kernel.workdays import Calendar, count_working_days
from catalog.timers.model import Timer
from catalog.timers.states import RUNNING


class Urgency(enum.StrEnum):
    """How much a running timer presses, the worst first."""

    BADLY_OVERDUE = "badly_overdue"  # 严重超期
    OVERDUE = "overdue"  # 已超期
    DUE_SOON = "due_soon"  # 即将到期
    NOT_YET_DUE = "not_yet_due"  # 未到期


class Thresholds(msgspec.Struct, frozen=True):
    """From how many working days on a delay is bad, and up to how many left it is soon [P]."""

    badly_after_working_days: int = 5
    soon_within_working_days: int = 2


DEFAULT: Final = Thresholds()


def urgency(
    due_on: dt.date, *, today: dt.date, calendar: Calendar, thresholds: Thresholds = DEFAULT
) -> Urgency:
    """Return how much something due on ``due_on`` presses ``today``."""
    if today > due_on:
        late = count_working_days(due_on, today, calendar)
        is_bad = late > thresholds.badly_after_working_days
        return Urgency.BADLY_OVERDUE if is_bad else Urgency.OVERDUE
    left = count_working_days(today, due_on, calendar)
    is_soon = left <= thresholds.soon_within_working_days
    return Urgency.DUE_SOON if is_soon else Urgency.NOT_YET_DUE


def group(
    timers: Iterable[Timer],
    *,
    today: dt.date,
    calendar: Calendar,
    thresholds: Thresholds = DEFAULT,
) -> dict[Urgency, list[Timer]]:
    """Return the running timers under their four heads, each in the order of their last day."""
    groups: dict[Urgency, list[Timer]] = {head: [] for head in Urgency}
    running = (timer for timer in timers if timer.state in RUNNING)
    for timer in sorted(running, key=lambda timer: (timer.ends_at, timer.id)):
        head = urgency(timer.due_on, today=today, calendar=calendar, thresholds=thresholds)
        groups[head].append(timer)
    return groups
