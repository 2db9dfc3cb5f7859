"""Give the life of a demand (需求状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a demand stands."""

    RECEIVED = "received"  # 已收到
    JOINED = "joined"  # 并入同类需求
    ANSWERED = "answered"  # 已答复


class Event(enum.StrEnum):
    """What can happen to it."""

    JOIN = "join"
    ANSWER = "answer"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.RECEIVED, Event.JOIN): State.JOINED,
    (State.RECEIVED, Event.ANSWER): State.ANSWERED,
}


class DataDemandEventNotAllowed(Refused):
    """The demand was joined to another one or answered."""

    code = "data_demand_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises DataDemandEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise DataDemandEventNotAllowed(state=state.value, event=event.value) from error
