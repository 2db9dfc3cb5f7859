"""Say until when a case is kept: the rulebook's years, from the day on which it ended (留存期限).

The text of Hainan gives none; twenty years at least is ours [P], as 国数综政策〔2026〕35号 has it. A case
whose certificate counts has not ended. From its last day on it may be destroyed, which this software
does not do.
"""

from __future__ import annotations

import datetime as dt

from catalog.kernel.periods import Period, deadline
from catalog.kernel.workdays import Calendar


def retain_until(ended_on: dt.date | None, retention: Period, calendar: Calendar) -> dt.date | None:
    """Return the last day on which a case that ended must be there, or None if it has not ended."""
    if ended_on is None:
        return None
    return deadline(retention, ended_on, calendar).last_day


def is_past(until: dt.date | None, today: dt.date, *, is_held: bool) -> bool:
    """Tell whether the last day of the retention is over, and no complaint holds the evidence."""
    return until is not None and today > until and not is_held
