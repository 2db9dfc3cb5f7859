"""Say how the province stands with its agencies on a day (机构现状), HN-23, A27: flags, nothing decided."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection

import msgspec

from catalog.agencies.model import AgencyContract
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook


class Flag(enum.StrEnum):
    """What the bureau is to look at."""

    FEWER_THAN_TWO_AGENCIES = "fewer_than_two_agencies"  # 不足两家
    SELECTION_CYCLE_OVERDUE = "selection_cycle_overdue"  # 超过两年未重新比选
    EVALUATION_MISSING = "evaluation_missing"  # 合同期满未评价备案


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many agencies work, when the next selection is due, and what is wrong."""

    on: dt.date
    agencies: tuple[PartyId, ...]
    last_awarded_on: dt.date | None
    next_award_by: dt.date | None
    flags: tuple[Flag, ...]


def standing(
    active: Collection[AgencyContract],
    *,
    last_awarded_on: dt.date | None,
    unevaluated: Collection[AgencyContract],
    on: dt.date,
    rulebook: Rulebook,
    calendar: Calendar,
) -> Standing:
    """Return how it stands. ``unevaluated`` are contracts that ended without a filed evaluation."""
    agencies = tuple(sorted({each.agency_party_id for each in active}))
    by = (
        None
        if last_awarded_on is None
        else deadline(rulebook.agency_cycle, last_awarded_on, calendar).last_day
    )
    flags = {
        Flag.FEWER_THAN_TWO_AGENCIES: len(agencies) < rulebook.minimum_agencies,
        Flag.SELECTION_CYCLE_OVERDUE: by is not None and on > by,
        Flag.EVALUATION_MISSING: any(
            on > deadline(rulebook.agency_evaluation, each.ends_on, calendar).last_day
            for each in unevaluated
        ),
    }
    return Standing(
        on=on,
        agencies=agencies,
        last_awarded_on=last_awarded_on,
        next_award_by=by,
        flags=tuple(flag for flag, is_up in flags.items() if is_up),
    )
