"""The life of a party (主体状态): registered, verified by its real name, suspended."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class PartyEventNotAllowed(Refused):
    """The party is not in a state in which this can happen to it."""

    code = "party_event_not_allowed"


class State(enum.StrEnum):
    """Where a party stands."""

    REGISTERED = "registered"  # 已注册, its real name not yet checked
    VERIFIED = "verified"  # 已实名
    SUSPENDED = "suspended"  # 已停用


class Event(enum.StrEnum):
    """What can happen to a party."""

    VERIFY = "verify"
    SUSPEND = "suspend"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.REGISTERED, Event.VERIFY): State.VERIFIED,
    (State.REGISTERED, Event.SUSPEND): State.SUSPENDED,
    (State.VERIFIED, Event.SUSPEND): State.SUSPENDED,
    # Back again only by the same check of the real name as the first time.
    (State.SUSPENDED, Event.VERIFY): State.VERIFIED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises PartyEventNotAllowed: if it can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise PartyEventNotAllowed(state=state.value, event=event.value) from None
