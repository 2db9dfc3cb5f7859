"""Tell the life of retention money (质保金): drawn in parts as often as there is something left, then freed.

What a charge-back drew and gave back is kept again, if the rest was not freed meanwhile.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where retention money is."""

    KEPT = "kept"  # 扣留中
    USED_UP = "used_up"  # 已全部动用
    RELEASED = "released"  # 已退还


class Event(enum.StrEnum):
    """What happens to retention money."""

    DRAW_PART = "draw_part"  # 部分动用
    DRAW_REST = "draw_rest"  # 动用余额
    RESTORE = "restore"  # 拒付申诉成功，恢复
    RELEASE = "release"  # 到期退还


class EventNotAllowed(Refused):
    """The event does not happen to retention money in this state."""

    code = "retention_money_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.KEPT, Event.DRAW_PART): State.KEPT,
    (State.KEPT, Event.DRAW_REST): State.USED_UP,
    (State.KEPT, Event.RESTORE): State.KEPT,
    (State.USED_UP, Event.RESTORE): State.KEPT,
    (State.KEPT, Event.RELEASE): State.RELEASED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following


def drawing(*, left_fen: int, amount_fen: int) -> Event:
    """Return by which event so much is drawn of what is left."""
    return Event.DRAW_REST if amount_fen == left_fen else Event.DRAW_PART
