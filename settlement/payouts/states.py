"""Tell the life of one line of a payout batch (付款明细)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a payout is."""

    PREPARED = "prepared"  # 已编制
    APPROVED = "approved"  # 已批准
    IN_TRANSIT = "in_transit"  # 在途
    UNKNOWN = "unknown"  # 结果未知
    PAID = "paid"  # 已到账
    RETURNED = "returned"  # 已退回
    NOT_SENT = "not_sent"  # 未付出
    CANCELLED = "cancelled"  # 终止


class Event(enum.StrEnum):
    """What happens to a payout."""

    APPROVE = "approve"  # 批准
    CANCEL = "cancel"  # 取消
    SEND = "send"  # 付出
    LEAVE = "leave"  # 不予付出
    DOUBT = "doubt"  # 存疑
    PAY = "pay"  # 到账
    RETURN = "return"  # 退回


class EventNotAllowed(Refused):
    """The event does not happen to a payout in this state."""

    code = "payout_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PREPARED, Event.APPROVE): State.APPROVED,
    (State.PREPARED, Event.CANCEL): State.CANCELLED,
    (State.APPROVED, Event.CANCEL): State.CANCELLED,
    (State.APPROVED, Event.SEND): State.IN_TRANSIT,
    (State.APPROVED, Event.LEAVE): State.NOT_SENT,
    (State.IN_TRANSIT, Event.DOUBT): State.UNKNOWN,
    (State.IN_TRANSIT, Event.PAY): State.PAID,
    (State.IN_TRANSIT, Event.RETURN): State.RETURNED,
    (State.UNKNOWN, Event.PAY): State.PAID,
    (State.UNKNOWN, Event.RETURN): State.RETURNED,
}

#: While a payout is one of these, what it pays is not put into another batch.
LIVE: Final = frozenset({State.PREPARED, State.APPROVED, State.IN_TRANSIT, State.UNKNOWN})
#: The bank may have it.
OUT: Final = frozenset({State.IN_TRANSIT, State.UNKNOWN})


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
