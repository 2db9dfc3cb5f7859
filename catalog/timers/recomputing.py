"""Compute a timer's end again once a calendar year becomes known (RULES §11.2, A5).

A later last day helps: what was overdue runs again, and what was met late after a day that only
the weekday rule had named was met in time. What is done in time stays so: whoever relied on the
day that we showed does not become late because a notice brought the last day forward.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.workdays import Calendar
from catalog.timers.lateness import is_over
from catalog.timers.model import Timer
from catalog.timers.pausing import last_day
from catalog.timers.states import Event, State, advance

RECOMPUTED: Final = frozenset({State.OPEN, State.OVERDUE, State.MET_LATE})


def recompute(timer: Timer, *, calendar: Calendar, now: dt.datetime) -> Timer:
    """Return ``timer`` with its end by ``calendar``; the same if that says nothing new."""
    fresh = last_day(timer, calendar)
    if timer.state not in RECOMPUTED or fresh == timer.deadline:
        return timer
    state, overdue_since = timer.state, timer.overdue_since
    # What came late is judged at the instant when it came, what is still owed at this one.
    if state is not State.OPEN and not is_over(fresh.ends_at, timer.met_at or now):
        state, overdue_since = advance(state, Event.PROLONG), None
    return msgspec.structs.replace(
        timer,
        due_on=fresh.last_day,
        ends_at=fresh.ends_at,
        provisional=fresh.provisional,
        state=state,
        overdue_since=overdue_since,
    )
