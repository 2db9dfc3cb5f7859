"""Give the life of a month of the books (会计期间)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a month stands."""

    OPEN = "open"  # 未结账
    CLOSING = "closing"  # 结账中: no new entry is let in
    CLOSED = "closed"  # 已结账: sealed, nothing of it changes any more


class Event(enum.StrEnum):
    """What can happen to it."""

    BEGIN = "begin"
    SEAL = "seal"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.BEGIN): State.CLOSING,
    (State.CLOSING, Event.SEAL): State.CLOSED,
}


class PeriodEventNotAllowed(Refused):
    """The month is being closed or was closed already, or its closing has not begun."""

    code = "period_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises PeriodEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise PeriodEventNotAllowed(state=state.value, event=event.value) from error
