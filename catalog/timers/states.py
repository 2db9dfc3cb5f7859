"""Give the life of a timer (期限): running, kept or missed. Running out decides nothing (A12)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a timer stands."""

    OPEN = "open"  # 进行中
    PAUSED = "paused"  # 中止计时: nobody's days pass
    OVERDUE = "overdue"  # 已超期, and still to be done
    MET = "met"  # 按期办结
    MET_LATE = "met_late"  # 超期办结
    CANCELLED = "cancelled"  # 终止: there is nothing left to be done


class Event(enum.StrEnum):
    """What can happen to a timer."""

    MEET = "meet"  # what was due is done
    EXPIRE = "expire"  # the last day is over
    CANCEL = "cancel"  # the case went another way
    PAUSE = "pause"  # the clock stands still
    RESUME = "resume"  # it goes on
    RELEASE = "release"  # one of several causes is over: it still stands
    PROLONG = "prolong"  # the last day moved behind: a new notice (A5), or more days were given


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.MEET): State.MET,
    (State.OPEN, Event.EXPIRE): State.OVERDUE,
    (State.OPEN, Event.CANCEL): State.CANCELLED,
    (State.OPEN, Event.PAUSE): State.PAUSED,
    (State.OPEN, Event.PROLONG): State.OPEN,
    (State.PAUSED, Event.PAUSE): State.PAUSED,
    (State.PAUSED, Event.RELEASE): State.PAUSED,
    (State.PAUSED, Event.RESUME): State.OPEN,
    (State.PAUSED, Event.PROLONG): State.PAUSED,
    (State.PAUSED, Event.MEET): State.MET,
    (State.PAUSED, Event.CANCEL): State.CANCELLED,
    (State.OVERDUE, Event.MEET): State.MET_LATE,
    (State.OVERDUE, Event.CANCEL): State.CANCELLED,
    (State.OVERDUE, Event.PROLONG): State.OPEN,
    (State.MET_LATE, Event.PROLONG): State.MET,
}


class TimerEventNotAllowed(Refused):
    """The timer's life does not allow this."""

    code = "timer_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises TimerEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise TimerEventNotAllowed(state=state.value, event=event.value) from error
