"""Give the life of a zone (专区状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a zone stands."""

    PREPARING = "preparing"  # 筹建
    OPEN = "open"  # 运行
    SUSPENDED = "suspended"  # 暂停
    CLOSED = "closed"  # 关闭


class Event(enum.StrEnum):
    """What can happen to it."""

    OPEN = "open"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"
    PLACE = "place"  # a product is put into it
    REMOVE = "remove"  # a product is taken out


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PREPARING, Event.OPEN): State.OPEN,
    (State.PREPARING, Event.CLOSE): State.CLOSED,
    (State.OPEN, Event.SUSPEND): State.SUSPENDED,
    (State.OPEN, Event.CLOSE): State.CLOSED,
    (State.OPEN, Event.PLACE): State.OPEN,
    (State.OPEN, Event.REMOVE): State.OPEN,
    (State.SUSPENDED, Event.RESUME): State.OPEN,
    (State.SUSPENDED, Event.CLOSE): State.CLOSED,
    (State.SUSPENDED, Event.REMOVE): State.SUSPENDED,
}


class ZoneEventNotAllowed(Refused):
    """The zone is not where this could happen."""

    code = "zone_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ZoneEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ZoneEventNotAllowed(state=state.value, event=event.value) from error
