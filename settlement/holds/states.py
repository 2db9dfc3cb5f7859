"""Tell the life of a hold (冻结): captured in parts as often as there is something left, then over."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """What became of a hold."""

    HELD = "held"  # 冻结中
    CAPTURED = "captured"  # 已全部划付
    RELEASED = "released"  # 已解冻
    EXPIRED = "expired"  # 到期解冻


class Event(enum.StrEnum):
    """What happens to a hold."""

    CAPTURE_PART = "capture_part"  # 部分划付
    CAPTURE_REST = "capture_rest"  # 划付余额
    RELEASE = "release"  # 解冻
    EXPIRE = "expire"  # 到期


class EventNotAllowed(Refused):
    """The event does not happen to a hold in this state."""

    code = "hold_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.HELD, Event.CAPTURE_PART): State.HELD,
    (State.HELD, Event.CAPTURE_REST): State.CAPTURED,
    (State.HELD, Event.RELEASE): State.RELEASED,
    (State.HELD, Event.EXPIRE): State.EXPIRED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
