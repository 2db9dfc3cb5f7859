"""Give the life of a proposal to destroy a key (销毁提议)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"  # 已提出
    CONFIRMED = "confirmed"  # 已确认: the private half is destroyed
    REFUSED = "refused"  # 未通过
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What can happen to it."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PROPOSED, Event.CONFIRM): State.CONFIRMED,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
}


class KeyDestructionEventNotAllowed(Refused):
    """The proposal was confirmed, refused or withdrawn already."""

    code = "key_destruction_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises KeyDestructionEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise KeyDestructionEventNotAllowed(state=state.value, event=event.value) from error
