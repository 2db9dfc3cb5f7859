"""Say when silence counts as acceptance (视为受理): never in Hainan, on the next working day nationally.

国数综政策〔2026〕35号 第十七条: who hears nothing in three working days is accepted, on the first working day
after them. Under Hainan's text a period that runs out is overdue and decides nothing (A12).
"""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Refused
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar, WorkingDay, add_working_days
from catalog.rulebooks.rulebook import Rulebook, Silence


class AcceptedBySilence(Refused):
    """The application counts as accepted since the day after the registrar's last day."""

    code = "accepted_by_silence"


def accepted_on(submitted_on: dt.date, rulebook: Rulebook, calendar: Calendar) -> WorkingDay | None:
    """Return the day on which an unanswered application counts as accepted, None if never."""
    if rulebook.silence_on_acceptance is not Silence.ACCEPTED:
        return None
    due = deadline(rulebook.acceptance, submitted_on, calendar)
    day, provisional = add_working_days(due.last_day, 1, calendar)
    return WorkingDay(day, provisional or due.provisional)


def counts_as_accepted(
    submitted_on: dt.date, today: dt.date, rulebook: Rulebook, calendar: Calendar
) -> dt.date | None:
    """Return since when an application that nobody answered counts as accepted, None if not yet.

    A day that is only provisional accepts nothing (A5).
    """
    day = accepted_on(submitted_on, rulebook, calendar)
    if day is None or day.provisional or today < day.day:
        return None
    return day.day


def check_open(
    submitted_on: dt.date, today: dt.date, rulebook: Rulebook, calendar: Calendar
) -> None:
    """Return if the registrar may still answer an application.

    :raises AcceptedBySilence: if its silence has answered already.
    """
    since = counts_as_accepted(submitted_on, today, rulebook, calendar)
    if since is not None:
        raise AcceptedBySilence(accepted_on=since.isoformat())
