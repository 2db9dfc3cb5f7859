"""Tell the life of a licence grant (使用授权)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Whether the grant lets anyone in."""

    ACTIVE = "active"  # 有效
    CUT_OFF = "cut_off"  # 已切断 (BJ-28)
    EXPIRED = "expired"  # 已到期
    REVOKED = "revoked"  # 已终止


class Event(enum.StrEnum):
    """What happens to a grant."""

    USE = "use"  # 使用
    CUT_OFF = "cut_off"  # 切断
    RESTORE = "restore"  # 恢复
    EXPIRE = "expire"  # 到期
    REVOKE = "revoke"  # 终止


class GrantEventNotAllowed(Refused):
    """The event does not happen to a grant in this state."""

    code = "grant_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.ACTIVE, Event.USE): State.ACTIVE,
    (State.ACTIVE, Event.CUT_OFF): State.CUT_OFF,
    (State.CUT_OFF, Event.RESTORE): State.ACTIVE,
    (State.ACTIVE, Event.EXPIRE): State.EXPIRED,
    (State.CUT_OFF, Event.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Event.REVOKE): State.REVOKED,
    (State.CUT_OFF, Event.REVOKE): State.REVOKED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises GrantEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise GrantEventNotAllowed(state=state.value, event=event.value)
    return following
