"""Tell the life of an account that a party wants to be paid to (收款账户)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far an account is."""

    SUBMITTED = "submitted"  # 已提交
    CHECKED = "checked"  # 初核通过
    VERIFIED = "verified"  # 已核验
    REJECTED = "rejected"  # 核验不通过
    WITHDRAWN = "withdrawn"  # 已撤销


class Event(enum.StrEnum):
    """What happens to an account."""

    CHECK = "check"  # 初核
    VERIFY = "verify"  # 复核
    REJECT = "reject"  # 不通过
    WITHDRAW = "withdraw"  # 撤销


class EventNotAllowed(Refused):
    """The event does not happen to an account in this state."""

    code = "beneficiary_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.SUBMITTED, Event.CHECK): State.CHECKED,
    (State.SUBMITTED, Event.REJECT): State.REJECTED,
    (State.SUBMITTED, Event.WITHDRAW): State.WITHDRAWN,
    (State.CHECKED, Event.VERIFY): State.VERIFIED,
    (State.CHECKED, Event.REJECT): State.REJECTED,
    (State.CHECKED, Event.WITHDRAW): State.WITHDRAWN,
    (State.VERIFIED, Event.WITHDRAW): State.WITHDRAWN,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
