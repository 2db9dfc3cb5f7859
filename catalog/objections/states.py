"""Give the life of an objection (异议): RULES §5.3, E47."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an objection stands (异议状态)."""

    RECEIVED = "received"  # 已收到
    REJECTED = "rejected"  # 不予受理
    AWAITING_RESPONSE = "awaiting_response"  # 待登记主体反馈
    UNDER_DETERMINATION = "under_determination"  # 处理中
    DETERMINED = "determined"  # 已作出处理意见
    UNRESOLVED = "unresolved"  # 未达成一致
    REFERRED_TO_COURT = "referred_to_court"  # 诉讼或仲裁中
    CLOSED = "closed"  # 已办结
    INCOMPLETE = "incomplete"  # 材料不齐，待补 (NDA35-29)
    ADMITTED = "admitted"  # 登记主体认可，待变更或注销 (NDA35-29)


class Event(enum.StrEnum):
    """What can happen to an objection."""

    REJECT_FORMALLY = "reject_formally"  # 不予受理
    NOTIFY_REGISTRANT = "notify_registrant"  # 通知登记主体
    RESPOND = "respond"  # 反馈说明
    RESPONSE_TIMEOUT = "response_timeout"  # 逾期未反馈 (A17)
    RESPOND_LATE = "respond_late"  # 逾期反馈: kept and marked
    DETERMINE = "determine"  # 作出处理意见
    CONCLUDE = "conclude"  # 无须双方接受，直接办结 (NDA35-25, NDA35-29, NDRC26-12)
    ACCEPT_OUTCOME = "accept_outcome"  # 一方接受
    BOTH_ACCEPT = "both_accept"  # 双方均接受
    ONE_REFUSES = "one_refuses"  # 一方不接受或逾期未答复
    START_PROCEEDINGS = "start_proceedings"  # 提起诉讼或仲裁 (HN-20(2))
    NO_PROCEEDINGS = "no_proceedings"  # 逾期未起诉
    INSTRUMENT_EFFECTIVE = "instrument_effective"  # 法律文书生效
    WITHDRAW = "withdraw"  # 撤回异议
    REQUEST_MATERIAL = "request_material"  # 要求补齐材料
    COMPLETE = "complete"  # 补齐材料
    ADMIT = "admit"  # 认可异议内容
    FOLLOW_THE_RIGHT = "follow_the_right"  # 凭证换发、转移，异议随权利转移
    MERGE = "merge"  # 异议人依生效法律文书取得权利，异议自然终结


OPEN: Final = (
    State.RECEIVED,
    State.AWAITING_RESPONSE,
    State.UNDER_DETERMINATION,
    State.DETERMINED,
    State.UNRESOLVED,
    State.REFERRED_TO_COURT,
    State.INCOMPLETE,
    State.ADMITTED,
)

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.RECEIVED, Event.REJECT_FORMALLY): State.REJECTED,
    (State.RECEIVED, Event.NOTIFY_REGISTRANT): State.AWAITING_RESPONSE,
    (State.AWAITING_RESPONSE, Event.RESPOND): State.UNDER_DETERMINATION,
    (State.AWAITING_RESPONSE, Event.RESPONSE_TIMEOUT): State.UNDER_DETERMINATION,
    (State.UNDER_DETERMINATION, Event.RESPOND_LATE): State.UNDER_DETERMINATION,
    (State.UNDER_DETERMINATION, Event.DETERMINE): State.DETERMINED,
    (State.DETERMINED, Event.ACCEPT_OUTCOME): State.DETERMINED,
    (State.DETERMINED, Event.BOTH_ACCEPT): State.CLOSED,
    (State.DETERMINED, Event.ONE_REFUSES): State.UNRESOLVED,
    (State.UNRESOLVED, Event.START_PROCEEDINGS): State.REFERRED_TO_COURT,
    (State.UNRESOLVED, Event.NO_PROCEEDINGS): State.CLOSED,
    (State.REFERRED_TO_COURT, Event.INSTRUMENT_EFFECTIVE): State.CLOSED,
    (State.RECEIVED, Event.CONCLUDE): State.CLOSED,
    (State.AWAITING_RESPONSE, Event.CONCLUDE): State.CLOSED,
    (State.UNDER_DETERMINATION, Event.CONCLUDE): State.CLOSED,
    (State.RECEIVED, Event.REQUEST_MATERIAL): State.INCOMPLETE,
    (State.INCOMPLETE, Event.COMPLETE): State.RECEIVED,
    (State.INCOMPLETE, Event.REJECT_FORMALLY): State.REJECTED,
    (State.AWAITING_RESPONSE, Event.ADMIT): State.ADMITTED,
    (State.UNDER_DETERMINATION, Event.ADMIT): State.ADMITTED,
    (State.ADMITTED, Event.CONCLUDE): State.CLOSED,
    # What the registrant admitted is put right; that is the registrar's duty, and nobody's to call off.
    **{(state, Event.WITHDRAW): State.CLOSED for state in OPEN if state is not State.ADMITTED},
    # It disputes the right, whoever holds it; a holder that was not heard yet is forwarded to anew.
    **{(state, Event.FOLLOW_THE_RIGHT): state for state in OPEN},
    (State.AWAITING_RESPONSE, Event.FOLLOW_THE_RIGHT): State.RECEIVED,
    **{(state, Event.MERGE): State.CLOSED for state in OPEN},
}


class ObjectionEventNotAllowed(Refused):
    """The objection's life does not allow this."""

    code = "objection_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ObjectionEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ObjectionEventNotAllowed(state=state.value, event=event.value) from error
