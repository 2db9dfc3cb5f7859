"""Give the life of a request about a certificate (续期申请、注销申请)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a request stands."""

    FILED = "filed"  # 已提出
    GRANTED = "granted"  # 已办理
    REFUSED = "refused"  # 不予办理
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What can happen to a request."""

    GRANT = "grant"  # 办理
    REFUSE = "refuse"  # 不予办理
    WITHDRAW = "withdraw"  # 撤回


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.FILED, Event.GRANT): State.GRANTED,
    (State.FILED, Event.REFUSE): State.REFUSED,
    (State.FILED, Event.WITHDRAW): State.WITHDRAWN,
}


class RequestEventNotAllowed(Refused):
    """The request is decided or taken back."""

    code = "certificate_request_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises RequestEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise RequestEventNotAllowed(state=state.value, event=event.value) from error
