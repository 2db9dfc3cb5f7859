"""Tell the life of an allowed revenue (最高准许收入)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an allowance stands."""

    LAID_DOWN = "laid_down"  # 已核定
    TO_ADJUST = "to_adjust"  # 待调整
    CLOSED = "closed"  # 已结转


class Event(enum.StrEnum):
    """What happens to an allowance."""

    WARN = "warn"  # 达到预警线
    COMPARE = "compare"  # 复核，无须调整
    FIND_DEVIATION = "find_deviation"  # 复核，须调整
    ADJUST = "adjust"  # 已调整
    CLOSE = "close"  # 期满结转
    DEDUCT = "deduct"  # 扣减上期超收


class AllowanceEventNotAllowed(Refused):
    """The event does not happen to an allowance in this state."""

    code = "allowance_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.LAID_DOWN, Event.WARN): State.LAID_DOWN,
    (State.TO_ADJUST, Event.WARN): State.TO_ADJUST,
    (State.LAID_DOWN, Event.COMPARE): State.LAID_DOWN,
    (State.LAID_DOWN, Event.FIND_DEVIATION): State.TO_ADJUST,
    (State.TO_ADJUST, Event.ADJUST): State.LAID_DOWN,
    (State.LAID_DOWN, Event.CLOSE): State.CLOSED,
    (State.LAID_DOWN, Event.DEDUCT): State.LAID_DOWN,
    (State.TO_ADJUST, Event.DEDUCT): State.TO_ADJUST,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AllowanceEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AllowanceEventNotAllowed(state=state.value, event=event.value)
    return following
