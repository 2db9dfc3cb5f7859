"""Give the life of an evaluation (履约评价): RULES §6.5, from the end of the contract on."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an evaluation stands."""

    DUE = "due"  # 合同期满，待评价
    EVALUATED = "evaluated"  # 已评价并签名
    FILED = "filed"  # 已报备案
    ACKNOWLEDGED = "acknowledged"  # 主管部门已收备案


class Event(enum.StrEnum):
    """What can happen to an evaluation."""

    EVALUATE = "evaluate"  # 评价
    FILE = "file"  # 报省大数据管理局备案
    ACKNOWLEDGE = "acknowledge"  # 备案回执


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DUE, Event.EVALUATE): State.EVALUATED,
    (State.EVALUATED, Event.FILE): State.FILED,
    (State.FILED, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
}


class AgencyEvaluationEventNotAllowed(Refused):
    """The evaluation's life does not allow this."""

    code = "agency_evaluation_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AgencyEvaluationEventNotAllowed: if the event can not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AgencyEvaluationEventNotAllowed(state=state.value, event=event.value)
    return following
