"""Tell the life of a write-off (坏账核销): proposed by one person, decided by another."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a write-off is."""

    PROPOSED = "proposed"  # 待复核
    WRITTEN_OFF = "written_off"  # 已核销
    REJECTED = "rejected"  # 已驳回
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What happens to a write-off."""

    APPROVE = "approve"  # 复核同意
    REJECT = "reject"  # 驳回
    WITHDRAW = "withdraw"  # 撤回


class EventNotAllowed(Refused):
    """The event does not happen to a write-off in this state."""

    code = "write_off_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.APPROVE): State.WRITTEN_OFF,
    (State.PROPOSED, Event.REJECT): State.REJECTED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
