"""Give the life of a consent (授权状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Whether it allows anything."""

    STANDING = "standing"  # 有效
    WITHDRAWN = "withdrawn"  # 已撤回
    EXPIRED = "expired"  # 已到期


class Event(enum.StrEnum):
    """What can happen to it."""

    NARROW = "narrow"  # 缩小范围 (HNP-6)
    WITHDRAW = "withdraw"  # 撤回
    EXPIRE = "expire"  # 到期


class ConsentEventNotAllowed(Refused):
    """The consent was withdrawn before, or is over."""

    code = "consent_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.STANDING, Event.NARROW): State.STANDING,
    (State.STANDING, Event.WITHDRAW): State.WITHDRAWN,
    (State.STANDING, Event.EXPIRE): State.EXPIRED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ConsentEventNotAllowed: if the event can not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ConsentEventNotAllowed(state=state.value, event=event.value)
    return following
