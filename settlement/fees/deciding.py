"""Ask whether a fee schedule may come into force: two people, one schedule at a time, no past."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from catalog.kernel.errors import Invalid, Refused
from settlement.fees.model import FeeSchedule


class FeeScheduleOverlaps(Refused):
    """Another schedule is in force on some of these days."""

    code = "fee_schedule_overlaps"


class FeeSchedulePeriodInvalid(Invalid):
    """The schedule ends before it begins, or holds for days that are over."""

    code = "fee_schedule_period_invalid"


class FeeScheduleOwnProposal(Refused):
    """Whoever proposed a schedule does not decide it."""

    code = "fee_schedule_own_proposal"


def check_period(begins: dt.date, ends: dt.date | None, today: dt.date) -> None:
    """Return if a schedule can hold from ``begins`` to ``ends``: no day that is over.

    :raises FeeSchedulePeriodInvalid: if not.
    """
    if begins < today or (ends is not None and ends < begins):
        raise FeeSchedulePeriodInvalid(effective_from=begins.isoformat())


def check_end(schedule: FeeSchedule, ends: dt.date, today: dt.date) -> None:
    """Return if a schedule in force can end on that day: earlier than it was to, and not in the past.

    :raises FeeSchedulePeriodInvalid: if not.
    """
    is_earlier = schedule.effective_to is None or ends < schedule.effective_to
    if ends < today or ends < schedule.effective_from or not is_earlier:
        raise FeeSchedulePeriodInvalid(effective_from=schedule.effective_from.isoformat())


def check_second(schedule: FeeSchedule, decided_by: uuid.UUID) -> None:
    """Return if another person decides than proposed (双人复核).

    :raises FeeScheduleOwnProposal: if it is the same.
    """
    if schedule.proposed_by == decided_by:
        raise FeeScheduleOwnProposal


def check_alone(schedule: FeeSchedule, others: Iterable[FeeSchedule]) -> None:
    """Return if no other schedule is in force on any day of this one.

    :raises FeeScheduleOverlaps: if one is, with its number and first day.
    """
    for other in others:
        begins_before = schedule.effective_to is None or (
            other.effective_from <= schedule.effective_to
        )
        ends_after = other.effective_to is None or other.effective_to >= schedule.effective_from
        if begins_before and ends_after:
            raise FeeScheduleOverlaps(
                number=other.number, effective_from=other.effective_from.isoformat()
            )
