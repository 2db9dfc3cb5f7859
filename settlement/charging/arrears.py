"""Say until when arrears are to be paid (欠费催缴期限).

After that day access stops until they are paid. No text gives the days; the contract's exit clause may
ask for more, never the market for less.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.periods import CHOSEN, Deadline, Period, Unit, deadline
from catalog.kernel.workdays import Calendar

#: A transfer between two firms with two signatures each takes so long, as a rule.
PAID_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)


def due(ran_out_on: dt.date, calendar: Calendar, *, within: Period = PAID_WITHIN) -> Deadline:
    """Return until when is to be paid what ran out on a day; that day does not count."""
    return deadline(within, ran_out_on, calendar)
