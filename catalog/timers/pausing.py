"""Stop a clock and let it go on (中止计时), or give it more days (延长).

What stops a clock is said by a rulebook: material that was asked for, the public notice, an objection
(国数综政策〔2026〕35号 第二十八条). Days after the one on which it stopped, up to the one on which it
goes on, are not counted. Several causes may hold it at once, each under its own key; a day inside any
of them is left out once. One that was overdue already does not stop.
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


class TimerPauseUnknown(Refused):
    """The clock stands still already under this cause, or does not stand still under it."""

    code = "timer_pause_unknown"


def last_day(timer: Timer, calendar: Calendar) -> Deadline:
    """Return when ``timer`` ends by ``calendar``, without the days on which it stood still."""
    return deadline(
        timer.period,
        timer.started_on,
        calendar,
        gaps=timer.gaps,
        extended_by=timer.extended_by,
    )


def can_pause(timer: Timer, now: dt.datetime) -> bool:
    """Tell whether ``timer`` may stand still: what is overdue, or the public's, may not."""
    may_stand = timer.state in (State.OPEN, State.PAUSED) and timer.against != PUBLIC
    is_late = timer.state is State.OPEN and is_over(timer.ends_at, now)
    return may_stand and timer.period.unit is Unit.WORKING_DAYS and not is_late


def stands_by(timer: Timer, cause: str) -> bool:
    """Tell whether ``cause`` holds ``timer`` just now."""
    return any(pause.cause == cause for pause in _standing(timer))


def pause(timer: Timer, *, cause: str, today: dt.date, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` standing still from the day after ``today``, for one cause more.

    :raises TimerCanNotStop: if its last day is over, it runs for the public, or counts other days.
    :raises TimerPauseUnknown: if it stands still for this cause already.
    :raises TimerEventNotAllowed: if it is not running.
    """
    state = advance(timer.state, Event.PAUSE)
    if not can_pause(timer, now):
        raise TimerCanNotStop(kind=timer.kind)
    if stands_by(timer, cause):
        raise TimerPauseUnknown(kind=timer.kind, cause=cause)
    return msgspec.structs.replace(
        timer, state=state, pauses=(*timer.pauses, Pause(Gap(today), note, cause))
    )


def resume(timer: Timer, *, cause: str, through: dt.date, calendar: Calendar) -> Timer:
    """Return ``timer`` without ``cause``: if none is left, the day after ``through`` can count again.

    :raises TimerPauseUnknown: if it does not stand still for this cause.
    :raises TimerEventNotAllowed: if it does not stand still at all.
    """
    standing = _standing(timer)
    others = [pause for pause in standing if pause.cause != cause]
    state = advance(timer.state, Event.RELEASE if others else Event.RESUME)
    if len(others) == len(standing):
        raise TimerPauseUnknown(kind=timer.kind, cause=cause)
    pauses = tuple(
        msgspec.structs.replace(pause, gap=Gap(pause.gap.after, max(through, pause.gap.after)))
        if pause in standing and pause.cause == cause
        else pause
        for pause in timer.pauses
    )
    return _ending_anew(msgspec.structs.replace(timer, state=state, pauses=pauses), calendar)


def extend(timer: Timer, *, by: int, calendar: Calendar, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` with ``by`` working days more; one that was overdue may run again.

    :raises TimerCanNotStop: if it counts other days than working days.
    :raises TimerEventNotAllowed: if it is over.
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


def _standing(timer: Timer) -> list[Pause]:
    return [pause for pause in timer.pauses if pause.gap.through is None]


def _check_countable(timer: Timer) -> None:
    if timer.period.unit is not Unit.WORKING_DAYS:
        raise TimerCanNotStop(kind=timer.kind)


def _ending_anew(timer: Timer, calendar: Calendar) -> Timer:
    due = last_day(timer, calendar)
    return msgspec.structs.replace(
        timer, due_on=due.last_day, ends_at=due.ends_at, provisional=due.provisional
    )
