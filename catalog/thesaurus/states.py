"""Give the life of a group of synonyms (同义词组)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a group stands."""

    PROPOSED = "proposed"  # 已提出
    IN_FORCE = "in_force"  # 生效
    DECLINED = "declined"  # 未采纳
    REMOVED = "removed"  # 已移除


class Event(enum.StrEnum):
    """What can happen to it."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    REMOVE = "remove"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.CONFIRM): State.IN_FORCE,
    (State.PROPOSED, Event.DECLINE): State.DECLINED,
    (State.IN_FORCE, Event.REMOVE): State.REMOVED,
}


class SynonymEventNotAllowed(Refused):
    """The group was decided or removed already, or is not in force yet."""

    code = "synonym_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises SynonymEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise SynonymEventNotAllowed(state=state.value, event=event.value) from error
