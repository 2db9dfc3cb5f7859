"""Give the life of an opening (开放状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an opening stands."""

    REQUESTED = "requested"  # 待确认
    OPEN = "open"  # 已开放
    REFUSED = "refused"  # 未通过
    CLOSED = "closed"  # 已停止开放


class Event(enum.StrEnum):
    """What can happen to it."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    CLOSE = "close"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.REQUESTED, Event.CONFIRM): State.OPEN,
    (State.REQUESTED, Event.REFUSE): State.REFUSED,
    (State.REQUESTED, Event.CLOSE): State.CLOSED,
    (State.OPEN, Event.CLOSE): State.CLOSED,
}


class OpeningEventNotAllowed(Refused):
    """The opening is not where this could happen."""

    code = "opening_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises OpeningEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise OpeningEventNotAllowed(state=state.value, event=event.value) from error
