"""The life of a product's description. Whether it is listed is the market's matter."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a description stands."""

    DRAFT = "draft"  # 草稿
    DESCRIBED = "described"  # 已著录: complete, may be registered and listed
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What may happen to it."""

    COMPLETED = "completed"  # it was saved, and nothing is missing
    SAVED_UNFINISHED = "saved_unfinished"  # it was saved as a draft
    WITHDRAWN = "withdrawn"  # its supplier takes it back


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.SAVED_UNFINISHED): State.DRAFT,
    (State.DRAFT, Event.COMPLETED): State.DESCRIBED,
    (State.DESCRIBED, Event.COMPLETED): State.DESCRIBED,
    (State.DRAFT, Event.WITHDRAWN): State.WITHDRAWN,
    (State.DESCRIBED, Event.WITHDRAWN): State.WITHDRAWN,
}


class ProductEventNotAllowed(Refused):
    """The product is not in a state in which this may happen."""

    code = "product_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ProductEventNotAllowed: if the event may not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ProductEventNotAllowed(state=state.value, event=event.value)
    return following
