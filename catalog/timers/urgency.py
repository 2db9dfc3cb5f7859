"""Sort what is due by how much it presses (催办): 严重超期, 已超期, 即将到期, 未到期.

The four heads are what a workbench shows; the two numbers are ours [P].
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final

import msgspec

from catalog.kernel.workdays import Calendar, count_working_days

_ONE_DAY: Final = dt.timedelta(days=1)


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


class Span(msgspec.Struct, frozen=True):
    """From which to which last day a head reaches, both included; None where it has no end."""

    due_from: dt.date | None
    due_through: dt.date | None

    def holds(self, due_on: dt.date) -> bool:
        """Tell whether a last day stands under the head."""
        return (self.due_from or dt.date.min) <= due_on <= (self.due_through or dt.date.max)


def spans(
    *, today: dt.date, calendar: Calendar, thresholds: Thresholds = DEFAULT
) -> dict[Urgency, Span]:
    """Return which last days stand under each head ``today``, so that an index can find them."""

    def presses(due_on: dt.date) -> Urgency:
        return urgency(due_on, today=today, calendar=calendar, thresholds=thresholds)

    first_overdue, last_soon = today, today
    while presses(first_overdue - _ONE_DAY) is Urgency.OVERDUE:
        first_overdue -= _ONE_DAY
    while presses(last_soon + _ONE_DAY) is Urgency.DUE_SOON:
        last_soon += _ONE_DAY
    return {
        Urgency.BADLY_OVERDUE: Span(None, first_overdue - _ONE_DAY),
        Urgency.OVERDUE: Span(first_overdue, today - _ONE_DAY),
        Urgency.DUE_SOON: Span(today, last_soon),
        Urgency.NOT_YET_DUE: Span(last_soon + _ONE_DAY, None),
    }
