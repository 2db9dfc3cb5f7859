"""Give the life of what a plan promises (计划事项状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a promise stands."""

    PLANNED = "planned"  # 计划开放
    POSTPONED = "postponed"  # 延期
    OPENED = "opened"  # 已开放


class Event(enum.StrEnum):
    """What can happen to it."""

    OPEN = "open"
    POSTPONE = "postpone"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PLANNED, Event.OPEN): State.OPENED,
    (State.PLANNED, Event.POSTPONE): State.POSTPONED,
    (State.POSTPONED, Event.OPEN): State.OPENED,
    (State.POSTPONED, Event.POSTPONE): State.POSTPONED,
}


class OpenPlanItemEventNotAllowed(Refused):
    """What was promised is open already."""

    code = "open_plan_item_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises OpenPlanItemEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise OpenPlanItemEventNotAllowed(state=state.value, event=event.value) from error
