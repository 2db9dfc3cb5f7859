"""Give the life of what two related parties deal in (关联交易复核状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where it stands."""

    OPEN = "open"  # 待复核
    RELEASED = "released"  # 予以放行
    REFUSED = "refused"  # 不予放行


class Event(enum.StrEnum):
    """What happens to it."""

    RELEASE = "release"
    REFUSE = "refuse"


class RelatedDealingEventNotAllowed(Refused):
    """It was decided on before."""

    code = "related_dealing_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.RELEASE): State.RELEASED,
    (State.OPEN, Event.REFUSE): State.REFUSED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises RelatedDealingEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise RelatedDealingEventNotAllowed(state=state.value, event=event.value)
    return following
