"""Tell the life of a fee schedule (费率表): one proposes it, another decides."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a fee schedule stands."""

    PROPOSED = "proposed"  # 已提出
    DECIDED = "decided"  # 已核定
    ENDED = "ended"  # 已定提前终止日: in force until then
    REJECTED = "rejected"  # 未核定
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What happens to a fee schedule."""

    DECIDE = "decide"  # 核定
    REJECT = "reject"  # 不予核定
    WITHDRAW = "withdraw"  # 撤回
    END = "end"  # 提前终止


class FeeScheduleEventNotAllowed(Refused):
    """The event does not happen to a fee schedule in this state."""

    code = "fee_schedule_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.DECIDE): State.DECIDED,
    (State.PROPOSED, Event.REJECT): State.REJECTED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
    (State.DECIDED, Event.END): State.ENDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises FeeScheduleEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise FeeScheduleEventNotAllowed(state=state.value, event=event.value)
    return following
