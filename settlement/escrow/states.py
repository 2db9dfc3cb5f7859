"""Tell the life of an escrow (资金托管): the money comes once and leaves once."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where the buyer's money is."""

    AWAITING_PAYMENT = "awaiting_payment"  # 待付款
    HELD = "held"  # 托管中
    DISPUTED = "disputed"  # 争议冻结
    RELEASED = "released"  # 已放款
    REFUNDED = "refunded"  # 已退款


class Event(enum.StrEnum):
    """What happens to an escrow."""

    PAY = "pay"  # 付款
    RELEASE = "release"  # 放款
    REFUND = "refund"  # 退款
    DISPUTE = "dispute"  # 争议
    RESOLVE_RELEASE = "resolve_release"  # 裁决放款
    RESOLVE_REFUND = "resolve_refund"  # 裁决退款


class EventNotAllowed(Refused):
    """The event does not happen to an escrow in this state."""

    code = "escrow_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.AWAITING_PAYMENT, Event.PAY): State.HELD,
    (State.HELD, Event.RELEASE): State.RELEASED,
    (State.HELD, Event.REFUND): State.REFUNDED,
    (State.HELD, Event.DISPUTE): State.DISPUTED,
    (State.DISPUTED, Event.RESOLVE_RELEASE): State.RELEASED,
    (State.DISPUTED, Event.RESOLVE_REFUND): State.REFUNDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following


def releasing(state: State) -> Event:
    """Return by which event money is released from ``state``: a dispute is resolved first."""
    return Event.RESOLVE_RELEASE if state is State.DISPUTED else Event.RELEASE


def refunding(state: State) -> Event:
    """Return by which event money goes back from ``state``."""
    return Event.RESOLVE_REFUND if state is State.DISPUTED else Event.REFUND
