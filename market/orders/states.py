"""Tell the life of an order (订单状态, RULES §6.8, E34)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an order stands."""

    PLACED = "placed"  # 已下单
    NEGOTIATING = "negotiating"  # 磋商中
    CLEARED = "cleared"  # 合规评估通过
    REJECTED = "rejected"  # 合规评估未通过
    CONTRACTED = "contracted"  # 已签约
    PAID = "paid"  # 已付款
    DELIVERING = "delivering"  # 交付验收中
    ACCEPTED = "accepted"  # 已验收
    DISPUTED = "disputed"  # 争议中
    SUSPENDED = "suspended"  # 已暂停
    COMPLETED = "completed"  # 已完成
    CANCELLED = "cancelled"  # 已取消
    TERMINATED = "terminated"  # 已终止


class Event(enum.StrEnum):
    """What happens to an order."""

    NEGOTIATE = "negotiate"  # 磋商
    CLEAR = "clear"  # 合规评估通过
    REJECT = "reject"  # 合规评估未通过
    SIGN = "sign"  # 一方签署
    CONCLUDE = "conclude"  # 双方签署，合同成立
    PAY = "pay"  # 付款入托管
    DELIVER = "deliver"  # 交付
    ACCEPT = "accept"  # 验收
    INSPECTION_ENDS = "inspection_ends"  # 验收期满，视为验收 [P]
    PUT_TO_USE = "put_to_use"  # 已投入使用，视为验收 [P]
    RAISE_ISSUE = "raise_issue"  # 提出异议
    RESOLVE_FOR_SUPPLIER = "resolve_for_supplier"  # 裁决支持供方
    RESOLVE_FOR_BUYER = "resolve_for_buyer"  # 裁决支持需方
    RESOLVE_IN_PART = "resolve_in_part"  # 裁决部分退款，视为验收
    USE = "use"  # 使用
    CANCEL = "cancel"  # 取消
    SUSPEND = "suspend"  # 暂停 (BJ-28)
    TERMINATE = "terminate"  # 终止 (BJ-28)
    RESUME_CONTRACTED = "resume_contracted"  # 恢复至已签约
    RESUME_PAID = "resume_paid"  # 恢复至已付款
    RESUME_DELIVERING = "resume_delivering"  # 恢复至交付验收中
    RESUME_ACCEPTED = "resume_accepted"  # 恢复至已验收
    COMPLETE = "complete"  # 完成


class OrderEventNotAllowed(Refused):
    """The event does not happen to an order in this state."""

    code = "order_event_not_allowed"


#: Where a suspended order goes on, by the state from which it was suspended.
RESUMING: Final[dict[State, Event]] = {
    State.CONTRACTED: Event.RESUME_CONTRACTED,
    State.PAID: Event.RESUME_PAID,
    State.DELIVERING: Event.RESUME_DELIVERING,
    State.ACCEPTED: Event.RESUME_ACCEPTED,
}
#: Before the delivery: nothing of the data is with the buyer.
UNDELIVERED: Final = (
    State.PLACED,
    State.NEGOTIATING,
    State.CLEARED,
    State.CONTRACTED,
    State.PAID,
)
_LIVE: Final = (
    *UNDELIVERED,
    State.DELIVERING,
    State.ACCEPTED,
    State.DISPUTED,
    State.SUSPENDED,
)

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PLACED, Event.NEGOTIATE): State.NEGOTIATING,
    (State.NEGOTIATING, Event.NEGOTIATE): State.NEGOTIATING,
    (State.PLACED, Event.CLEAR): State.CLEARED,
    (State.NEGOTIATING, Event.CLEAR): State.CLEARED,
    (State.PLACED, Event.REJECT): State.REJECTED,
    (State.NEGOTIATING, Event.REJECT): State.REJECTED,
    (State.CLEARED, Event.SIGN): State.CLEARED,
    (State.CLEARED, Event.CONCLUDE): State.CONTRACTED,
    (State.CONTRACTED, Event.PAY): State.PAID,
    (State.CONTRACTED, Event.DELIVER): State.DELIVERING,  # of what is free
    (State.PAID, Event.DELIVER): State.DELIVERING,
    (State.DELIVERING, Event.USE): State.DELIVERING,  # what is inspected is looked at
    (State.DELIVERING, Event.ACCEPT): State.ACCEPTED,
    (State.DELIVERING, Event.INSPECTION_ENDS): State.ACCEPTED,
    (State.DELIVERING, Event.PUT_TO_USE): State.ACCEPTED,
    (State.DELIVERING, Event.RAISE_ISSUE): State.DISPUTED,
    (State.DISPUTED, Event.RESOLVE_FOR_SUPPLIER): State.ACCEPTED,
    (State.DISPUTED, Event.RESOLVE_FOR_BUYER): State.TERMINATED,
    (State.DISPUTED, Event.RESOLVE_IN_PART): State.ACCEPTED,
    (State.ACCEPTED, Event.USE): State.ACCEPTED,
    (State.ACCEPTED, Event.COMPLETE): State.COMPLETED,
    # Nobody gives up what was delivered; until then either side may, the paid order its supplier.
    (State.PLACED, Event.CANCEL): State.CANCELLED,
    (State.NEGOTIATING, Event.CANCEL): State.CANCELLED,
    (State.CLEARED, Event.CANCEL): State.CANCELLED,
    (State.CONTRACTED, Event.CANCEL): State.CANCELLED,
    (State.PAID, Event.CANCEL): State.CANCELLED,
    **{(state, Event.SUSPEND): State.SUSPENDED for state in RESUMING},
    **{(State.SUSPENDED, event): state for state, event in RESUMING.items()},
    **{(state, Event.TERMINATE): State.TERMINATED for state in _LIVE},
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises OrderEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise OrderEventNotAllowed(state=state.value, event=event.value)
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS
