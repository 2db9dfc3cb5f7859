"""Give the life of a proposal to lower a level (重新定级)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"  # 已提出
    CONFIRMED = "confirmed"  # 已确认
    REFUSED = "refused"  # 未通过
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What can happen to it."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.CONFIRM): State.CONFIRMED,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
}


class ReclassificationEventNotAllowed(Refused):
    """The proposal was decided or withdrawn already."""

    code = "reclassification_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ReclassificationEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ReclassificationEventNotAllowed(state=state.value, event=event.value) from error
