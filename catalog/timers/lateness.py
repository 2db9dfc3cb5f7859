"""Judge whether what was due came in time (按期, 超期)."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.timers.model import Timer
from catalog.timers.states import Event, State, advance


def is_over(ends_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether the last day is over: its 24:00 already belongs to the next day (A4)."""
    return now >= ends_at


def expire(timer: Timer, *, now: dt.datetime) -> Timer:
    """Return ``timer`` overdue. It decides nothing: no deemed approval (默示批准, A12).

    :raises TimerEventNotAllowed: if it is not open.
    """
    assert is_over(timer.ends_at, now), "a timer expires when its last day is over"
    return msgspec.structs.replace(timer, state=advance(timer.state, Event.EXPIRE))


def meet(timer: Timer, *, now: dt.datetime) -> Timer:
    """Return ``timer`` met, in time or late. Late is late, even if no job has yet said so.

    :raises TimerEventNotAllowed: if it is not running.
    """
    if timer.state is State.OPEN and is_over(timer.ends_at, now):
        timer = expire(timer, now=now)
    return msgspec.structs.replace(timer, state=advance(timer.state, Event.MEET), met_at=now)


def cancel(timer: Timer, *, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` cancelled: the case went another way and nothing is owed any more.

    :raises TimerEventNotAllowed: if it is not running.
    """
    state = advance(timer.state, Event.CANCEL)
    return msgspec.structs.replace(timer, state=state, cancelled_at=now, note=note or timer.note)
