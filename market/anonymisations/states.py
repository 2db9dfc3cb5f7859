"""Give the life of an anonymisation record (匿名化记录状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a record stands."""

    SUBMITTED = "submitted"  # 已提交
    ACCEPTED = "accepted"  # 已认可
    REFUSED = "refused"  # 未认可
    WITHDRAWN = "withdrawn"  # 认可已撤回


class Event(enum.StrEnum):
    """What can happen to it."""

    ACCEPT = "accept"  # 认可
    REFUSE = "refuse"  # 不认可
    WITHDRAW = "withdraw"  # 撤回认可


class AnonymisationEventNotAllowed(Refused):
    """The record is not in a state in which this can happen to it."""

    code = "anonymisation_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.SUBMITTED, Event.ACCEPT): State.ACCEPTED,
    (State.SUBMITTED, Event.REFUSE): State.REFUSED,
    (State.ACCEPTED, Event.WITHDRAW): State.WITHDRAWN,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AnonymisationEventNotAllowed: if the event can not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AnonymisationEventNotAllowed(state=state.value, event=event.value)
    return following
