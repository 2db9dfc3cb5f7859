"""Give the life of the fee of an application (登记费): HN-04."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a fee stands."""

    DUE = "due"  # 待缴
    FREE = "free"  # 不收费
    PAID = "paid"  # 已缴
    WAIVED = "waived"  # 已减免
    DROPPED = "dropped"  # 无需缴纳: the application ended before it was paid
    REFUNDED = "refunded"  # 已退费


class Event(enum.StrEnum):
    """What can happen to a fee."""

    COST_NOTHING = "cost_nothing"  # 标准为零
    PAY = "pay"  # 缴费
    WAIVE = "waive"  # 减免
    DROP = "drop"  # 撤销缴费
    REFUND = "refund"  # 退费


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DUE, Event.COST_NOTHING): State.FREE,
    (State.DUE, Event.PAY): State.PAID,
    (State.DUE, Event.WAIVE): State.WAIVED,
    (State.DUE, Event.DROP): State.DROPPED,
    (State.PAID, Event.REFUND): State.REFUNDED,
}


class FeeEventNotAllowed(Refused):
    """The life of a fee does not allow this."""

    code = "fee_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises FeeEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise FeeEventNotAllowed(state=state.value, event=event.value) from error
