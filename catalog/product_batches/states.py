"""The life of a batch."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a batch stands."""

    WAITING = "waiting"  # 待处理
    TAKING = "taking"  # 处理中: the whole file was read, rows are taken
    FINISHED = "finished"  # 已完成: every row was taken or refused
    FAILED = "failed"  # 已中止: what was taken stays
    CANCELLED = "cancelled"  # 已取消: its supplier stopped it; what was taken stays


class Event(enum.StrEnum):
    """What may happen to it."""

    READ = "read"  # its file was read to the end
    COMPLETED = "completed"  # its last row was dealt with
    GIVEN_UP = "given_up"  # the file can not be read, or who handed it in may not do so any more
    CANCELLED = "cancelled"  # its supplier wants no more of it


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.WAITING, Event.READ): State.TAKING,
    (State.TAKING, Event.COMPLETED): State.FINISHED,
    (State.WAITING, Event.GIVEN_UP): State.FAILED,
    (State.TAKING, Event.GIVEN_UP): State.FAILED,
    (State.WAITING, Event.CANCELLED): State.CANCELLED,
    (State.TAKING, Event.CANCELLED): State.CANCELLED,
}


class ProductBatchEventNotAllowed(Refused):
    """The batch is not in a state in which this may happen."""

    code = "product_batch_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ProductBatchEventNotAllowed: if the event may not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ProductBatchEventNotAllowed(state=state.value, event=event.value)
    return following
