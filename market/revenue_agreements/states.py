"""Tell the life of a revenue agreement (收益分配约定)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a revenue agreement stands."""

    PROPOSED = "proposed"  # 待各方确认
    IN_FORCE = "in_force"  # 已生效
    DECLINED = "declined"  # 有一方不同意
    WITHDRAWN = "withdrawn"  # 已撤回
    ENDED = "ended"  # 已终止


class Event(enum.StrEnum):
    """What happens to a revenue agreement."""

    AGREE = "agree"  # 一方同意
    CONCLUDE = "conclude"  # 各方均已同意
    DECLINE = "decline"  # 一方不同意
    WITHDRAW = "withdraw"  # 撤回
    END = "end"  # 终止
    REPLACE = "replace"  # 为新约定所取代


class RevenueAgreementEventNotAllowed(Refused):
    """The event does not happen to a revenue agreement in this state."""

    code = "revenue_agreement_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.AGREE): State.PROPOSED,
    (State.PROPOSED, Event.CONCLUDE): State.IN_FORCE,
    (State.PROPOSED, Event.DECLINE): State.DECLINED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
    (State.IN_FORCE, Event.END): State.ENDED,
    (State.IN_FORCE, Event.REPLACE): State.ENDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises RevenueAgreementEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise RevenueAgreementEventNotAllowed(state=state.value, event=event.value)
    return following
