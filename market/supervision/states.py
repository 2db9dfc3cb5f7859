"""Give the life of a quarterly report (季度报备): RULES §6.6."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a report stands (报告状态)."""

    OPEN = "open"  # 待编制: the quarter is over, the report is due
    GENERATED = "generated"  # 已生成
    SIGNED = "signed"  # 已签名
    SUBMITTED = "submitted"  # 已报送
    ACKNOWLEDGED = "acknowledged"  # 已确认收到
    RETURNED = "returned"  # 已退回
    REGENERATED = "regenerated"  # 已由新版本取代


class Event(enum.StrEnum):
    """What can happen to a report."""

    GENERATE = "generate"  # 生成
    SIGN = "sign"  # 签名
    SUBMIT = "submit"  # 报送
    ACKNOWLEDGE = "acknowledge"  # 确认
    RETURN = "return"  # 退回
    REGENERATE = "regenerate"  # 重新生成: a new version takes its place


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.GENERATE): State.GENERATED,
    (State.GENERATED, Event.SIGN): State.SIGNED,
    (State.SIGNED, Event.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.SUBMITTED, Event.RETURN): State.RETURNED,
    (State.RETURNED, Event.REGENERATE): State.REGENERATED,
}


class ReportEventNotAllowed(Refused):
    """The report's life does not allow this."""

    code = "report_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ReportEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ReportEventNotAllowed(state=state.value, event=event.value) from error
