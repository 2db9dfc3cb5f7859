"""Tell the life of a break (差错): booked away by one person, settled for good only by two."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a break is."""

    OPEN = "open"  # 待处理
    BOOKED = "booked"  # 已挂账
    PROPOSED = "proposed"  # 待复核
    RESOLVED = "resolved"  # 已解决


class Event(enum.StrEnum):
    """What happens to a break."""

    MATCH = "match"  # 后续核对一致
    CHARGE = "charge"  # 确认手续费
    BOOK = "book"  # 挂账
    PROPOSE = "propose"  # 提出核销
    APPROVE = "approve"  # 复核同意
    REJECT = "reject"  # 复核退回


class EventNotAllowed(Refused):
    """The event does not happen to a break in this state."""

    code = "break_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.MATCH): State.RESOLVED,
    (State.OPEN, Event.CHARGE): State.RESOLVED,
    (State.OPEN, Event.BOOK): State.BOOKED,
    (State.BOOKED, Event.MATCH): State.RESOLVED,
    (State.BOOKED, Event.PROPOSE): State.PROPOSED,
    (State.PROPOSED, Event.APPROVE): State.RESOLVED,
    (State.PROPOSED, Event.REJECT): State.BOOKED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
