"""Give the life of a public notice (公示): posted on its channels, running, ended, closed."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a notice stands (公示状态)."""

    POSTING = "posting"  # 渠道发布中: not yet on all channels, so no day counts
    RUNNING = "running"  # 公示中
    ENDED = "ended"  # 公示期满
    CLOSED = "closed"  # 提前终止: the application was withdrawn, refused or sent back


class Event(enum.StrEnum):
    """What can happen to a notice."""

    POST_CHANNEL = "post_channel"  # 一个渠道已发布
    START = "start"  # 各渠道均已发布
    EXTEND = "extend"  # 顺延: a channel was away, or a notice of days off moved the end
    END = "end"  # 期满
    RESTART = "restart"  # 退回重新公示
    CLOSE = "close"  # 终止


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.POSTING, Event.POST_CHANNEL): State.POSTING,
    (State.POSTING, Event.START): State.RUNNING,
    (State.POSTING, Event.CLOSE): State.CLOSED,
    (State.RUNNING, Event.EXTEND): State.RUNNING,
    (State.RUNNING, Event.END): State.ENDED,
    (State.RUNNING, Event.CLOSE): State.CLOSED,
    (State.ENDED, Event.RESTART): State.RUNNING,
    (State.ENDED, Event.CLOSE): State.CLOSED,
}


class NoticeEventNotAllowed(Refused):
    """The notice's life does not allow this."""

    code = "notice_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises NoticeEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise NoticeEventNotAllowed(state=state.value, event=event.value) from error
