"""Give the life of a cut-off (切断状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Whether it stops anything."""

    STANDING = "standing"  # 生效中
    LIFTED = "lifted"  # 已解除


class Event(enum.StrEnum):
    """What can happen to it."""

    LIFT = "lift"  # 解除


class CutOffEventNotAllowed(Refused):
    """The cut-off was lifted before."""

    code = "cut_off_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.STANDING, Event.LIFT): State.LIFTED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises CutOffEventNotAllowed: if the event can not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise CutOffEventNotAllowed(state=state.value, event=event.value)
    return following
