"""Tell the life of a deposit (竞买保证金): held from the payment to its end, given back or forfeited.

What a channel charges back is set aside and secures nothing meanwhile; won, it is held again. Money
that comes when its time is over is taken in and goes back.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a deposit is."""

    AWAITING = "awaiting"  # 待缴纳
    HELD = "held"  # 已缴纳，冻结中
    CHARGED_BACK = "charged_back"  # 拒付争议中
    LAPSED = "lapsed"  # 逾期未缴纳
    RETURNED = "returned"  # 已退还
    FORFEITED = "forfeited"  # 不予退还
    LOST = "lost"  # 拒付成立，款已退出


class Event(enum.StrEnum):
    """What happens to a deposit."""

    PAY = "pay"  # 到账
    PAY_LATE = "pay_late"  # 逾期到账，即退
    LAPSE = "lapse"  # 逾期
    RETURN = "return"  # 退还
    FORFEIT = "forfeit"  # 不予退还
    CHARGE_BACK = "charge_back"  # 拒付
    WIN = "win"  # 拒付申诉成功
    LOSE = "lose"  # 拒付成立


class EventNotAllowed(Refused):
    """The event does not happen to a deposit in this state."""

    code = "deposit_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.AWAITING, Event.PAY): State.HELD,
    (State.AWAITING, Event.PAY_LATE): State.RETURNED,
    (State.AWAITING, Event.LAPSE): State.LAPSED,
    (State.LAPSED, Event.PAY_LATE): State.RETURNED,
    (State.HELD, Event.RETURN): State.RETURNED,
    (State.HELD, Event.FORFEIT): State.FORFEITED,
    (State.HELD, Event.CHARGE_BACK): State.CHARGED_BACK,
    (State.CHARGED_BACK, Event.WIN): State.HELD,
    (State.CHARGED_BACK, Event.LOSE): State.LOST,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following


def arriving(state: State, *, is_late: bool) -> Event:
    """Return by which event money arrives: what comes after its time is over goes back."""
    return Event.PAY_LATE if is_late or state is State.LAPSED else Event.PAY
