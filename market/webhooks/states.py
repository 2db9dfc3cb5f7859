"""Give the life of a message to an endpoint (回调投递)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a message stands."""

    QUEUED = "queued"  # 待投递
    DELIVERED = "delivered"  # 已投递
    DEAD = "dead"  # 放弃，可重放


class Event(enum.StrEnum):
    """What can happen to it."""

    DELIVER = "deliver"  # 对方接收
    DEFER = "defer"  # 稍后再试
    GIVE_UP = "give_up"  # 放弃
    REPLAY = "replay"  # 重放


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.QUEUED, Event.DELIVER): State.DELIVERED,
    (State.QUEUED, Event.DEFER): State.QUEUED,
    (State.QUEUED, Event.GIVE_UP): State.DEAD,
    (State.DELIVERED, Event.REPLAY): State.QUEUED,
    (State.DEAD, Event.REPLAY): State.QUEUED,
}


class WebhookEventNotAllowed(Refused):
    """The message waits to be delivered already."""

    code = "webhook_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises WebhookEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise WebhookEventNotAllowed(state=state.value, event=event.value) from error
