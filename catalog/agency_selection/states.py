"""Give the life of a public comparison (公开比选): RULES §6.5. A bid has dates, not states."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a selection stands."""

    OPEN = "open"  # 比选公告中，接收密封的应选文件
    OPENED = "opened"  # 应选文件已开启，待抽取评审专家
    IN_EVALUATION = "in_evaluation"  # 评审中
    EVALUATED = "evaluated"  # 已评审
    AWARDED = "awarded"  # 已定选
    FAILED = "failed"  # 比选失败，重新比选


class Event(enum.StrEnum):
    """What can happen to a selection."""

    BID = "bid"  # 递交、替换、撤回应选文件
    OPEN_BIDS = "open_bids"  # 开启
    DRAW_PANEL = "draw_panel"  # 抽取评审专家
    RECUSE = "recuse"  # 专家回避
    SCORE = "score"  # 专家评分
    EVALUATE = "evaluate"  # 汇总排序
    AWARD = "award"  # 定选
    FAIL = "fail"  # 不足两家


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.BID): State.OPEN,
    (State.OPEN, Event.OPEN_BIDS): State.OPENED,
    (State.OPENED, Event.DRAW_PANEL): State.IN_EVALUATION,
    (State.OPENED, Event.FAIL): State.FAILED,
    (State.IN_EVALUATION, Event.RECUSE): State.IN_EVALUATION,
    (State.IN_EVALUATION, Event.SCORE): State.IN_EVALUATION,
    (State.IN_EVALUATION, Event.EVALUATE): State.EVALUATED,
    (State.EVALUATED, Event.AWARD): State.AWARDED,
    (State.EVALUATED, Event.FAIL): State.FAILED,
}


class AgencySelectionEventNotAllowed(Refused):
    """The selection's life does not allow this."""

    code = "agency_selection_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AgencySelectionEventNotAllowed: if the event can not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AgencySelectionEventNotAllowed(state=state.value, event=event.value)
    return following
