"""Give the life of a collection (专题集合状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a collection stands."""

    DRAFT = "draft"  # 草稿
    PUBLISHED = "published"  # 已发布
    WITHDRAWN = "withdrawn"  # 已撤下


class Event(enum.StrEnum):
    """What can happen to it."""

    REVISE = "revise"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.REVISE): State.DRAFT,
    (State.DRAFT, Event.PUBLISH): State.PUBLISHED,
    (State.DRAFT, Event.WITHDRAW): State.WITHDRAWN,
    (State.PUBLISHED, Event.REVISE): State.PUBLISHED,
    (State.PUBLISHED, Event.WITHDRAW): State.WITHDRAWN,
}


class CollectionEventNotAllowed(Refused):
    """The collection is not where this could happen."""

    code = "collection_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises CollectionEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise CollectionEventNotAllowed(state=state.value, event=event.value) from error
