"""Give the life of a complaint (投诉): RULES §6.3."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"  # 已收到
    REDIRECTED = "redirected"  # 转其他程序办理
    DECLINED = "declined"  # 不予受理
    ACCEPTED = "accepted"  # 已受理
    INVESTIGATING = "investigating"  # 调查中，证据已固定
    RESOLVED = "resolved"  # 已作出处理决定
    UNDER_REVIEW_BY_REGULATOR = "under_review_by_regulator"  # 主管部门复核中
    ARBITRATION = "arbitration"  # 已转仲裁
    CLOSED = "closed"  # 已办结


class Event(enum.StrEnum):
    """What can happen to a complaint."""

    ACCEPT = "accept"  # 受理
    REDIRECT = "redirect"  # 转办
    DECLINE = "decline"  # 不予受理
    INVESTIGATE = "investigate"  # 调查
    INTERIM_MEASURE = "interim_measure"  # 临时措施
    LIFT_MEASURE = "lift_measure"  # 解除临时措施
    RESOLVE = "resolve"  # 作出处理决定
    APPEAL = "appeal"  # 申请复核
    REVIEW = "review"  # 主管部门复核决定
    REFER_TO_ARBITRATION = "refer_to_arbitration"  # 转仲裁
    RECORD_AWARD = "record_award"  # 登记仲裁裁决
    CLOSE = "close"  # 办结


_LIVE: Final = tuple(state for state in State if state is not State.CLOSED)
TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.RECEIVED, Event.ACCEPT): State.ACCEPTED,
    (State.RECEIVED, Event.REDIRECT): State.REDIRECTED,
    (State.RECEIVED, Event.DECLINE): State.DECLINED,
    (State.ACCEPTED, Event.INVESTIGATE): State.INVESTIGATING,
    # A colleague takes over, with the evidence as it was held.
    (State.INVESTIGATING, Event.INVESTIGATE): State.INVESTIGATING,
    (State.INVESTIGATING, Event.INTERIM_MEASURE): State.INVESTIGATING,
    (State.INVESTIGATING, Event.RESOLVE): State.RESOLVED,
    # What was frozen may have to go on for as long as the complaint does.
    (State.INVESTIGATING, Event.LIFT_MEASURE): State.INVESTIGATING,
    (State.RESOLVED, Event.LIFT_MEASURE): State.RESOLVED,
    (State.UNDER_REVIEW_BY_REGULATOR, Event.LIFT_MEASURE): State.UNDER_REVIEW_BY_REGULATOR,
    (State.ARBITRATION, Event.LIFT_MEASURE): State.ARBITRATION,
    (State.RESOLVED, Event.APPEAL): State.UNDER_REVIEW_BY_REGULATOR,
    (State.UNDER_REVIEW_BY_REGULATOR, Event.REVIEW): State.RESOLVED,
    (State.RESOLVED, Event.REFER_TO_ARBITRATION): State.ARBITRATION,
    (State.ARBITRATION, Event.RECORD_AWARD): State.ARBITRATION,
    **{(state, Event.CLOSE): State.CLOSED for state in _LIVE},
}


class ComplaintEventNotAllowed(Refused):
    """The complaint's life does not allow this."""

    code = "complaint_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ComplaintEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ComplaintEventNotAllowed(state=state.value, event=event.value) from error
