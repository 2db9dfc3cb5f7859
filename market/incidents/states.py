"""Give the life of an incident (监控事件): RULES §6.7."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an incident stands."""

    DETECTED = "detected"  # 已发现，证据已固定
    TRIAGED = "triaged"  # 已研判
    CONTAINED = "contained"  # 已处置
    REPORTED = "reported"  # 已报告主管部门
    AFFECTED_NOTIFIED = "affected_notified"  # 已告知受影响方
    ROOT_CAUSE = "root_cause"  # 已查明原因
    CLOSED = "closed"  # 已办结
    DISMISSED = "dismissed"  # 经研判不构成事件


class Event(enum.StrEnum):
    """What can happen to an incident."""

    TRIAGE = "triage"  # 研判
    DISMISS = "dismiss"  # 不构成事件
    CONTAIN = "contain"  # 采取处置措施
    REPORT = "report"  # 报告主管部门
    ACKNOWLEDGE = "acknowledge"  # 主管部门出具回执
    NOTIFY_AFFECTED = "notify_affected"  # 告知受影响方
    FIND_ROOT_CAUSE = "find_root_cause"  # 查明原因
    CLOSE = "close"  # 办结


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DETECTED, Event.TRIAGE): State.TRIAGED,
    (State.DETECTED, Event.DISMISS): State.DISMISSED,
    (State.TRIAGED, Event.DISMISS): State.DISMISSED,
    (State.TRIAGED, Event.CONTAIN): State.CONTAINED,
    (State.CONTAINED, Event.CONTAIN): State.CONTAINED,  # a further measure
    (State.CONTAINED, Event.REPORT): State.REPORTED,
    # The receipt comes when it comes, and does not hold up what those who are harmed are told.
    (State.REPORTED, Event.ACKNOWLEDGE): State.REPORTED,
    (State.AFFECTED_NOTIFIED, Event.ACKNOWLEDGE): State.AFFECTED_NOTIFIED,
    (State.ROOT_CAUSE, Event.ACKNOWLEDGE): State.ROOT_CAUSE,
    (State.REPORTED, Event.NOTIFY_AFFECTED): State.AFFECTED_NOTIFIED,
    (State.AFFECTED_NOTIFIED, Event.FIND_ROOT_CAUSE): State.ROOT_CAUSE,
    (State.ROOT_CAUSE, Event.CLOSE): State.CLOSED,
}


class IncidentEventNotAllowed(Refused):
    """The incident's life does not allow this."""

    code = "incident_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises IncidentEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise IncidentEventNotAllowed(state=state.value, event=event.value) from error
