"""Say when silence counts as acceptance (视为受理): never in Hainan, on the next working day nationally.

国数综政策〔2026〕35号 第十七条: who hears nothing in three working days is accepted, on the first working day
after them. Under Hainan's text a period that runs out is overdue and decides nothing (A12).
"""

from __future__ import annotations

import datetime as dt

from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar, WorkingDay, add_working_days
from catalog.rulebooks.rulebook import Rulebook, Silence


def accepted_on(submitted_on: dt.date, rulebook: Rulebook, calendar: Calendar) -> WorkingDay | None:
    """Return the day on which an unanswered application counts as accepted, None if never."""
    if rulebook.silence_on_acceptance is not Silence.ACCEPTED:
        return None
    due = deadline(rulebook.acceptance, submitted_on, calendar)
    day, provisional = add_working_days(due.last_day, 1, calendar)
    return WorkingDay(day, provisional or due.provisional)
