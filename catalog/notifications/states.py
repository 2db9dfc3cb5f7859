"""Give the life of a delivery (送达): queued until a server takes it or never will."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a delivery stands (送达状态)."""

    QUEUED = "queued"  # 待发送
    DELIVERED = "delivered"  # 已送达: the recipient's side took it
    UNDELIVERABLE = "undeliverable"  # 无法送达


class Event(enum.StrEnum):
    """What can come of an attempt."""

    DEFER = "defer"  # 暂缓: not now, try again
    DELIVER = "deliver"  # 送达
    FAIL = "fail"  # 失败: never, or tried too often


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.QUEUED, Event.DEFER): State.QUEUED,
    (State.QUEUED, Event.DELIVER): State.DELIVERED,
    (State.QUEUED, Event.FAIL): State.UNDELIVERABLE,
}


class DeliveryEventNotAllowed(Refused):
    """The delivery's life does not allow this: it was delivered or given up."""

    code = "delivery_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises DeliveryEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise DeliveryEventNotAllowed(state=state.value, event=event.value) from error
