"""Give the life of a quote request (询价状态). A quote stands, was replaced, or was taken back."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a quote request stands."""

    OPEN = "open"  # 报价中
    OPENED = "opened"  # 报价已开启
    LAPSED = "lapsed"  # 期满无报价
    ACCEPTED = "accepted"  # 已选定
    DECLINED = "declined"  # 均未选定
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What happens to it."""

    QUOTE = "quote"  # one comes, is replaced, or taken back
    OPEN_QUOTES = "open_quotes"
    LAPSE = "lapse"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.QUOTE): State.OPEN,
    (State.OPEN, Event.OPEN_QUOTES): State.OPENED,
    (State.OPEN, Event.LAPSE): State.LAPSED,
    (State.OPEN, Event.WITHDRAW): State.WITHDRAWN,
    (State.OPENED, Event.ACCEPT): State.ACCEPTED,
    (State.OPENED, Event.DECLINE): State.DECLINED,
    (State.OPENED, Event.WITHDRAW): State.WITHDRAWN,
}

#: In which no other request about the same demand is sent.
RUNNING: Final = frozenset({State.OPEN, State.OPENED})


class QuoteRequestEventNotAllowed(Refused):
    """The event does not happen to a quote request in this state."""

    code = "quote_request_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises QuoteRequestEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise QuoteRequestEventNotAllowed(state=state.value, event=event.value)
    return following
