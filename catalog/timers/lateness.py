"""Judge whether what was due came in time (按期, 超期)."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.timers.model import PUBLIC, Timer
from catalog.timers.states import Event, State, advance

_INSTANT: Final = dt.timedelta(microseconds=1)


def is_over(ends_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether the last day is over: its 24:00 already belongs to the next day (A4)."""
    return now >= ends_at


def expire(timer: Timer, *, now: dt.datetime) -> Timer:
    """Return ``timer`` overdue. It decides nothing: no deemed approval (默示批准, A12).

    :raises TimerEventNotAllowed: if it is not open.
    """
    assert is_over(timer.ends_at, now), "a timer expires when its last day is over"
    state = advance(timer.state, Event.EXPIRE)
    return msgspec.structs.replace(timer, state=state, overdue_since=now)


def run_out(timer: Timer, *, now: dt.datetime) -> Timer:
    """Return a timer of the public met, because its days are over (公示期满, HN-16).

    It is met with the last instant of its last day, however much later a job comes to it.

    :raises TimerEventNotAllowed: if it is not running.
    """
    assert timer.against == PUBLIC, "what somebody owes is not met by waiting"
    state = advance(timer.state, Event.MEET)
    return msgspec.structs.replace(timer, state=state, met_at=min(now, timer.ends_at - _INSTANT))


def meet(timer: Timer, *, now: dt.datetime) -> Timer:
    """Return ``timer`` met, in time or late. Late is late, even if no job has yet said so.

    :raises TimerEventNotAllowed: if it is not running.
    """
    timer = _judged(timer, now)
    return msgspec.structs.replace(timer, state=advance(timer.state, Event.MEET), met_at=now)


def cancel(timer: Timer, *, now: dt.datetime, note: str) -> Timer:
    """Return ``timer`` cancelled: the case went another way and nothing is owed any more.

    That it was overdue stays written.

    :raises TimerEventNotAllowed: if it is not running.
    """
    timer = _judged(timer, now)
    state = advance(timer.state, Event.CANCEL)
    return msgspec.structs.replace(timer, state=state, cancelled_at=now, note=note or timer.note)


def _judged(timer: Timer, now: dt.datetime) -> Timer:
    is_late = timer.state is State.OPEN and is_over(timer.ends_at, now)
    return expire(timer, now=now) if is_late and timer.against != PUBLIC else timer
