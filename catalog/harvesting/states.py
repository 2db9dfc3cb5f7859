"""The life of a run."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a run is."""

    RUNNING = "running"
    HELD = "held"  # too much is gone: the operator looks first
    FINISHED = "finished"
    FAILED = "failed"


class Event(enum.StrEnum):
    """What may happen to it."""

    READ_WHOLE = "read_whole"
    BROKE_OFF = "broke_off"
    FOUND_TOO_LITTLE = "found_too_little"
    CONFIRMED = "confirmed"  # what is gone is gone
    DECLINED = "declined"  # it is not; nothing is taken back


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.RUNNING, Event.READ_WHOLE): State.FINISHED,
    (State.RUNNING, Event.BROKE_OFF): State.FAILED,
    (State.RUNNING, Event.FOUND_TOO_LITTLE): State.HELD,
    (State.HELD, Event.CONFIRMED): State.FINISHED,
    (State.HELD, Event.DECLINED): State.FAILED,
}


class HarvestEventNotAllowed(Refused):
    """The run is not in a state in which this may happen."""

    code = "harvest_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises HarvestEventNotAllowed: if the event may not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise HarvestEventNotAllowed(state=state.value, event=event.value)
    return following
