"""Tell the life of an escrow (资金托管): the money comes once, and leaves at once or in parts.

What was captured or refunded in part is an amount and no state; the last fen that leaves closes the
escrow: as refunded if nobody ever shared in it, else as released. One that is paid as it is used opens again
when more is paid in.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where the buyer's money is."""

    AWAITING_PAYMENT = "awaiting_payment"  # 待付款
    EXPIRED = "expired"  # 未付款，已失效
    HELD = "held"  # 托管中
    DISPUTED = "disputed"  # 争议冻结
    CHARGED_BACK = "charged_back"  # 拒付冻结: nothing leaves until the case is over
    RELEASED = "released"  # 已放款
    REFUNDED = "refunded"  # 已退款


class Event(enum.StrEnum):
    """What happens to an escrow."""

    EXPIRE = "expire"  # 未付款失效
    PAY = "pay"  # 付款
    FORFEIT = "forfeit"  # 保证金不予退还
    CAPTURE = "capture"  # 分次划付
    CAPTURE_REST = "capture_rest"  # 划付余款 (按量计费)
    TOP_UP = "top_up"  # 补款 (按量计费)
    RELEASE = "release"  # 放款
    REFUND_PART = "refund_part"  # 部分退款
    REFUND = "refund"  # 退款
    REFUND_REST = "refund_rest"  # 退还余款
    DISPUTE = "dispute"  # 争议
    RESOLVE_RELEASE = "resolve_release"  # 裁决放款
    RESOLVE_PART = "resolve_part"  # 裁决部分退款
    RESOLVE_REFUND = "resolve_refund"  # 裁决退款
    RESOLVE_REST = "resolve_rest"  # 裁决退还余款
    CHARGE_BACK = "charge_back"  # 拒付
    CHARGEBACK_OVER = "chargeback_over"  # 拒付了结，仍有余款
    CHARGEBACK_ONE_OVER = "chargeback_one_over"  # 一案了结，另案未决
    CHARGEBACK_LOST = "chargeback_lost"  # 拒付成立，款已全部退出
    CHARGEBACK_LOST_REST = "chargeback_lost_rest"  # 拒付成立，余款已全部退出


class EventNotAllowed(Refused):
    """The event does not happen to an escrow in this state."""

    code = "escrow_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.AWAITING_PAYMENT, Event.PAY): State.HELD,
    (State.AWAITING_PAYMENT, Event.EXPIRE): State.EXPIRED,
    (State.EXPIRED, Event.PAY): State.HELD,  # money that comes late is taken in, and goes back
    (State.HELD, Event.CAPTURE): State.HELD,
    (State.HELD, Event.CAPTURE_REST): State.RELEASED,
    (State.HELD, Event.TOP_UP): State.HELD,
    (State.RELEASED, Event.TOP_UP): State.HELD,  # of an order that pays as it uses
    (State.REFUNDED, Event.TOP_UP): State.HELD,  # money that comes late is taken in, and goes back
    (State.HELD, Event.FORFEIT): State.RELEASED,  # of a deposit
    (State.HELD, Event.RELEASE): State.RELEASED,
    (State.HELD, Event.REFUND_PART): State.HELD,
    (State.HELD, Event.REFUND): State.REFUNDED,
    (State.HELD, Event.REFUND_REST): State.RELEASED,
    (State.HELD, Event.DISPUTE): State.DISPUTED,
    (State.DISPUTED, Event.RESOLVE_RELEASE): State.RELEASED,
    (State.DISPUTED, Event.RESOLVE_PART): State.HELD,
    (State.DISPUTED, Event.RESOLVE_REFUND): State.REFUNDED,
    (State.DISPUTED, Event.RESOLVE_REST): State.RELEASED,
    (State.HELD, Event.CHARGE_BACK): State.CHARGED_BACK,
    (State.DISPUTED, Event.CHARGE_BACK): State.CHARGED_BACK,  # who disputes is heard by the order
    (State.CHARGED_BACK, Event.CHARGEBACK_OVER): State.HELD,
    # Another payment of an order that pays as it uses, taken back or paid in meanwhile.
    (State.CHARGED_BACK, Event.CHARGE_BACK): State.CHARGED_BACK,
    (State.CHARGED_BACK, Event.TOP_UP): State.CHARGED_BACK,
    (State.CHARGED_BACK, Event.CHARGEBACK_ONE_OVER): State.CHARGED_BACK,
    (State.CHARGED_BACK, Event.CHARGEBACK_LOST): State.REFUNDED,
    (State.CHARGED_BACK, Event.CHARGEBACK_LOST_REST): State.RELEASED,
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


def refunding(state: State, *, captured_fen: int = 0) -> Event:
    """Return by which event what is left goes back from ``state``, whatever left it before."""
    if state is State.DISPUTED:
        return Event.RESOLVE_REST if captured_fen else Event.RESOLVE_REFUND
    return Event.REFUND_REST if captured_fen else Event.REFUND


def refunding_part(state: State) -> Event:
    """Return by which event a part goes back from ``state``; a dispute is over with it."""
    return Event.RESOLVE_PART if state is State.DISPUTED else Event.REFUND_PART


def ending(*, left_fen: int, captured_fen: int = 0, aside_fen: int = 0) -> Event:
    """Return by which event a charge-back is over, with ``left_fen`` in the escrow after it.

    ``aside_fen`` of that is set aside for other cases; ``captured_fen`` went to those who share before.
    """
    if aside_fen:
        return Event.CHARGEBACK_ONE_OVER
    if left_fen:
        return Event.CHARGEBACK_OVER
    return Event.CHARGEBACK_LOST_REST if captured_fen else Event.CHARGEBACK_LOST
