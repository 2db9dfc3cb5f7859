"""Tell the life of a payment (收款).

A channel may report a failure and then, when the buyer tried again, a success: money that came is
money that came. What comes after the payment expired is not booked but kept as a break.
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


class Event(enum.StrEnum):
    """What happens to a payment."""

    SUBMIT = "submit"  # 提交渠道
    SUCCEED = "succeed"  # 到账
    FAIL = "fail"  # 失败
    EXPIRE = "expire"  # 过期


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
}

OPEN: Final = frozenset({State.CREATED, State.PENDING})


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
