"""Give the life of a quality issue (质量问题, RULES §6.7)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an issue stands."""

    REPORTED = "reported"  # 已报告
    TRACED = "traced"  # 倒查中
    ASSIGNED = "assigned"  # 已交提供方处理
    FIXED = "fixed"  # 已纠正
    REJECTED = "rejected"  # 提供方认为不成立
    FED_BACK = "fed_back"  # 已反馈
    CLOSED = "closed"  # 已办结


class Event(enum.StrEnum):
    """What can happen to it."""

    TRACE = "trace"
    ASSIGN = "assign"
    FIX = "fix"
    REJECT = "reject"
    FEED_BACK = "feed_back"
    CLOSE = "close"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.REPORTED, Event.TRACE): State.TRACED,
    (State.TRACED, Event.TRACE): State.TRACED,  # one step further up
    (State.TRACED, Event.ASSIGN): State.ASSIGNED,
    (State.ASSIGNED, Event.FIX): State.FIXED,
    (State.ASSIGNED, Event.REJECT): State.REJECTED,
    (State.FIXED, Event.FEED_BACK): State.FED_BACK,
    (State.REJECTED, Event.FEED_BACK): State.FED_BACK,
    (State.FED_BACK, Event.CLOSE): State.CLOSED,
}


class QualityIssueEventNotAllowed(Refused):
    """The issue does not stand where this can happen."""

    code = "quality_issue_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises QualityIssueEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise QualityIssueEventNotAllowed(state=state.value, event=event.value) from error
