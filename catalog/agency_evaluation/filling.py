"""Fill an evaluation from the system's own rows (服务响应、第二十七条情形), HN-24: pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.agencies.model import AgencyAssignment, Ending, MisconductRecord
from catalog.agency_evaluation.model import Incident, TermKept, Timeliness
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period, deadline
from catalog.kernel.workdays import Calendar, count_working_days

HIGHEST: Final = 100
_BPS: Final = 10_000


class EvaluationIncomplete(Invalid):
    """An evaluation tells of the contract's terms, remarks, and gives 0 to 100 points."""

    code = "agency_evaluation_incomplete"


class FilingNumberMissing(Invalid):
    """The bureau's receipt has a number."""

    code = "filing_number_missing"


def timeliness(
    assignments: Sequence[AgencyAssignment], review: Period, calendar: Calendar
) -> Timeliness:
    """Return how soon an agency answered: from the day it got a case to the day of its opinion.

    Measured against the period of the whole review (T3), which agency and operator share. The median of an
    even number is the lower of the two in the middle, so that it is a number of days that occurred.
    """
    opined = [
        (local_date(each.assigned_at), each.opined_at)
        for each in assignments
        if each.opined_at is not None
    ]
    days = [count_working_days(start, local_date(end), calendar) for start, end in opined]
    late = sum(end >= deadline(review, start, calendar).ends_at for start, end in opined)
    return Timeliness(
        cases=len(assignments),
        opinions=len(opined),
        declined=sum(each.ending is Ending.CONFLICT for each in assignments),
        lost=sum(each.ending in {Ending.REPLACED, Ending.SUSPENDED} for each in assignments),
        median_working_days=statistics.median_low(days) if days else None,
        maximum_working_days=max(days, default=None),
        overdue=late,
        on_time_bps=(len(opined) - late) * _BPS // len(opined) if opined else None,
    )


def incidents(records: Iterable[MisconductRecord]) -> tuple[Incident, ...]:
    """Return the cases of HN-27 in the order in which they were recorded."""
    return tuple(
        Incident(
            misconduct=each.misconduct,
            measure=each.measure,
            facts=each.facts,
            recorded_at=each.recorded_at,
        )
        for each in records
    )


def check_given(terms: Sequence[TermKept], remarks: str, points: int) -> None:
    """Return if the operator said what only it can say.

    :raises EvaluationIncomplete: if terms, remarks or points are missing; it says which.
    """
    missing = [
        name
        for name, is_missing in (
            ("terms", not terms or not all(each.term.strip() for each in terms)),
            ("remarks", not remarks.strip()),
            ("points", not 0 <= points <= HIGHEST),
        )
        if is_missing
    ]
    if missing:
        raise EvaluationIncomplete(missing=missing)


def check_number(filing_number: str) -> None:
    """Return if a receipt has a number.

    :raises FilingNumberMissing: if it has none.
    """
    if not filing_number.strip():
        raise FilingNumberMissing
