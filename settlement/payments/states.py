"""Tell the life of a payment (收款).

A channel may report a failure and then, when the buyer tried again, a success: money that came is
money that came. What comes after the payment expired is not booked but kept as a break. A channel
that does not answer leaves the outcome unknown: that is a state, and is asked about until it ends.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a payment is."""

    CREATED = "created"  # 已创建
    PENDING = "pending"  # 待支付
    SUCCEEDED = "succeeded"  # 已到账
    FAILED = "failed"  # 失败
    EXPIRED = "expired"  # 已过期
    UNKNOWN = "unknown"  # 结果未知


class Event(enum.StrEnum):
    """What happens to a payment."""

    SUBMIT = "submit"  # 提交渠道
    SUCCEED = "succeed"  # 到账
    FAIL = "fail"  # 失败
    EXPIRE = "expire"  # 过期
    DOUBT = "doubt"  # 存疑


class EventNotAllowed(Refused):
    """The event does not happen to a payment in this state."""

    code = "payment_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.CREATED, Event.SUBMIT): State.PENDING,
    (State.CREATED, Event.SUCCEED): State.SUCCEEDED,
    (State.CREATED, Event.FAIL): State.FAILED,
    (State.CREATED, Event.EXPIRE): State.EXPIRED,
    (State.PENDING, Event.SUCCEED): State.SUCCEEDED,
    (State.PENDING, Event.FAIL): State.FAILED,
    (State.PENDING, Event.EXPIRE): State.EXPIRED,
    (State.FAILED, Event.SUCCEED): State.SUCCEEDED,
    (State.CREATED, Event.DOUBT): State.UNKNOWN,
    (State.PENDING, Event.DOUBT): State.UNKNOWN,
    (State.UNKNOWN, Event.SUBMIT): State.PENDING,
    (State.UNKNOWN, Event.SUCCEED): State.SUCCEEDED,
    (State.UNKNOWN, Event.FAIL): State.FAILED,
    (State.UNKNOWN, Event.EXPIRE): State.EXPIRED,
}

OPEN: Final = frozenset({State.CREATED, State.PENDING, State.UNKNOWN})


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
