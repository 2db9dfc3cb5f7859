"""Tell the life of a special price (特别定价). That its last day is over is asked when it is used."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a special price stands."""

    OFFERED = "offered"  # 已报价
    USED = "used"  # 已用于订单
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What happens to a special price."""

    USE = "use"  # 下单使用
    WITHDRAW = "withdraw"  # 撤回


class SpecialPriceEventNotAllowed(Refused):
    """The event does not happen to a special price in this state."""

    code = "special_price_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OFFERED, Event.USE): State.USED,
    (State.OFFERED, Event.WITHDRAW): State.WITHDRAWN,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises SpecialPriceEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise SpecialPriceEventNotAllowed(state=state.value, event=event.value)
    return following
