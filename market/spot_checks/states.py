"""Give the life of a spot check (双随机抽查): RULES §6.4."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a spot check stands."""

    PLANNED = "planned"  # 已立项，待抽取
    DRAWN = "drawn"  # 已抽取
    IN_PROGRESS = "in_progress"  # 检查中
    CONCLUDED = "concluded"  # 检查完毕
    PUBLISHED = "published"  # 已公开
    CLOSED = "closed"  # 整改完毕，归档


class Event(enum.StrEnum):
    """What can happen to a spot check."""

    DRAW = "draw"  # 抽取
    RECUSE = "recuse"  # 回避，重抽检查人员
    NOTIFY = "notify"  # 通知运营者，开始检查
    RECORD_FINDING = "record_finding"  # 记录检查情况
    CONCLUDE = "conclude"  # 检查完毕
    PUBLISH = "publish"  # 公开结果
    RECTIFY = "rectify"  # 整改一项
    CLOSE = "close"  # 全部整改完毕


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PLANNED, Event.DRAW): State.DRAWN,
    (State.DRAWN, Event.RECUSE): State.DRAWN,
    (State.DRAWN, Event.NOTIFY): State.IN_PROGRESS,
    (State.IN_PROGRESS, Event.RECUSE): State.IN_PROGRESS,
    (State.IN_PROGRESS, Event.RECORD_FINDING): State.IN_PROGRESS,
    (State.IN_PROGRESS, Event.CONCLUDE): State.CONCLUDED,
    (State.CONCLUDED, Event.PUBLISH): State.PUBLISHED,
    (State.PUBLISHED, Event.RECTIFY): State.PUBLISHED,
    (State.PUBLISHED, Event.CLOSE): State.CLOSED,
}


class SpotCheckEventNotAllowed(Refused):
    """The spot check's life does not allow this."""

    code = "spot_check_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises SpotCheckEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise SpotCheckEventNotAllowed(state=state.value, event=event.value) from error
