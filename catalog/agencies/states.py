"""The life of a contract with an agency. Its end is a date, not an event: see ``activity.py``."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a contract stands."""

    ACTIVE = "active"  # 履行中
    SUSPENDED = "suspended"  # 暂停


class Event(enum.StrEnum):
    """What may happen to it."""

    FLAGGED = "flagged"  # 记录不当行为 (HN-27)
    SUSPENDED = "suspended"  # 因不当行为暂停 (HN-27)


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.ACTIVE, Event.FLAGGED): State.ACTIVE,
    (State.ACTIVE, Event.SUSPENDED): State.SUSPENDED,
}


class AgencyContractEventNotAllowed(Refused):
    """The contract is not in a state in which this may happen."""

    code = "agency_contract_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AgencyContractEventNotAllowed: if the event may not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AgencyContractEventNotAllowed(state=state.value, event=event.value)
    return following
