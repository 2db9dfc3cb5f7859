"""Tell the life of a refund (退款): sent again after a failure, asked about when in doubt."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a refund is."""

    PREPARED = "prepared"  # 待退
    SENT = "sent"  # 已提交渠道
    UNKNOWN = "unknown"  # 结果未知
    FAILED = "failed"  # 失败，待重试
    SETTLED = "settled"  # 已退


class Event(enum.StrEnum):
    """What happens to a refund."""

    SEND = "send"  # 提交渠道
    DOUBT = "doubt"  # 存疑
    FAIL = "fail"  # 失败
    SETTLE = "settle"  # 退款到账


class EventNotAllowed(Refused):
    """The event does not happen to a refund in this state."""

    code = "refund_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PREPARED, Event.SEND): State.SENT,
    (State.FAILED, Event.SEND): State.SENT,
    (State.SENT, Event.DOUBT): State.UNKNOWN,
    (State.SENT, Event.FAIL): State.FAILED,
    (State.SENT, Event.SETTLE): State.SETTLED,
    (State.UNKNOWN, Event.FAIL): State.FAILED,
    (State.UNKNOWN, Event.SETTLE): State.SETTLED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS
