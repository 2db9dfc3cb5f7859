"""Say until when a change that has to be corrected may be corrected (补正期限)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook

CLOCK: Final = "change_correction"


def is_late(
    asked_at: dt.datetime, now: dt.datetime, rulebook: Rulebook, calendar: Calendar
) -> bool:
    """Tell whether corrections that were asked for at ``asked_at`` come too late; without a limit never.

    A last day that is only provisional ends nothing (A5, A10).
    """
    if rulebook.correction_window is None:
        return False
    due = deadline(rulebook.correction_window, local_date(asked_at), calendar)
    return now >= due.ends_at and not due.provisional
