"""Stop a clock and let it go on (中止计时), or give it more days (延长).

What stops a clock is said by a rulebook: material that was asked for, the public notice, an objection
(国数综政策〔2026〕35号 第二十八条). Days after the one on which it stopped, up to the one on which it
goes on, are not counted. One that was overdue already does not stop.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.errors import Refused
from catalog.kernel.periods import Deadline, Unit, deadline
from catalog.kernel.workdays import Calendar, Gap
from catalog.timers.lateness import is_over
from catalog.timers.model import PUBLIC, Pause, Timer
from catalog.timers.states import Event, State, advance


class TimerCanNotStop(Refused):
    """The clock is over, runs for the public, or is not counted in working days."""

    code = "timer_can_not_stop"


def last_day(timer: Timer, calendar: Calendar) -> Deadline:
    """Return when ``timer`` ends by ``calendar``, without the days on which it stood still."""
    return deadline(
        timer.period,
        timer.started_on,
        calendar,
        gaps=timer.gaps,
        extended_by=timer.extended_by,
    )


def pause(timer: Timer, *, today: dt.date, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` standing still from the day after ``today``.

    :raises TimerCanNotStop: if its last day is over, it runs for the public, or counts other days.
    :raises TimerEventNotAllowed: if it is not open.
    """
    _check_countable(timer)
    if timer.against == PUBLIC or is_over(timer.ends_at, now):
        raise TimerCanNotStop(kind=timer.kind)
    return msgspec.structs.replace(
        timer,
        state=advance(timer.state, Event.PAUSE),
        pauses=(*timer.pauses, Pause(Gap(today), note)),
    )


def resume(timer: Timer, *, today: dt.date, calendar: Calendar) -> Timer:
    """Return ``timer`` going on: the day after ``today`` is the next that can count.

    :raises TimerEventNotAllowed: if it does not stand still.
    """
    state = advance(timer.state, Event.RESUME)
    *before, standing = timer.pauses
    ended = msgspec.structs.replace(standing, gap=Gap(standing.gap.after, today))
    return _ending_anew(
        msgspec.structs.replace(timer, state=state, pauses=(*before, ended)), calendar
    )


def extend(timer: Timer, *, by: int, calendar: Calendar, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` with ``by`` working days more; one that was overdue may run again.

    :raises TimerCanNotStop: if it counts other days than working days.
    :raises TimerEventNotAllowed: if it does not run.
    """
    assert by > 0, "an extension makes it longer"
    _check_countable(timer)
    longer = _ending_anew(
        msgspec.structs.replace(timer, extended_by=timer.extended_by + by, note=note), calendar
    )
    if timer.state is State.OVERDUE and is_over(longer.ends_at, now):
        return longer
    state = advance(timer.state, Event.PROLONG)
    return msgspec.structs.replace(longer, state=state, overdue_since=None)


def _check_countable(timer: Timer) -> None:
    if timer.period.unit is not Unit.WORKING_DAYS:
        raise TimerCanNotStop(kind=timer.kind)


def _ending_anew(timer: Timer, calendar: Calendar) -> Timer:
    due = last_day(timer, calendar)
    return msgspec.structs.replace(
        timer, due_on=due.last_day, ends_at=due.ends_at, provisional=due.provisional
    )
