"""Give the life of an auction (竞价状态). A bid and an award have dates, not states."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an auction stands."""

    DRAFT = "draft"  # 草稿
    ANNOUNCED = "announced"  # 公告中
    OPEN = "open"  # 竞价中
    CLOSED = "closed"  # 竞价截止，待开标
    DECIDED = "decided"  # 已开标，结果公示
    OBJECTED = "objected"  # 结果有异议，暂停成交
    AWARDED = "awarded"  # 已成交，待签约
    CONTRACTED = "contracted"  # 已签约
    FAILED = "failed"  # 流拍
    CANCELLED = "cancelled"  # 已撤销
    VOIDED = "voided"  # 结果作废


class Event(enum.StrEnum):
    """What happens to an auction."""

    ANNOUNCE = "announce"  # 发布公告
    BEGIN = "begin"  # 开始竞价
    BID = "bid"  # 出价、递交、替换、撤回
    CLOSE = "close"  # 截止
    HAND_OVER = "hand_over"  # 交出开标密钥、公开保留价
    DECIDE = "decide"  # 开标，公布结果
    OBJECT = "object"  # 对结果提出异议
    GO_ON = "go_on"  # 异议处理完毕，结果维持
    EXCLUDE = "exclude"  # 取消竞得资格，由下一名递补
    AWARD = "award"  # 成交
    DEFAULT = "default"  # 竞得人逾期未下单
    CONTRACT = "contract"  # 签约
    FAIL = "fail"  # 流拍
    CANCEL = "cancel"  # 撤销
    VOID = "void"  # 作废


class AuctionEventNotAllowed(Refused):
    """The event does not happen to an auction in this state."""

    code = "auction_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.ANNOUNCE): State.ANNOUNCED,
    (State.ANNOUNCED, Event.BEGIN): State.OPEN,
    (State.OPEN, Event.BID): State.OPEN,
    (State.OPEN, Event.CLOSE): State.CLOSED,
    (State.CLOSED, Event.HAND_OVER): State.CLOSED,
    (State.CLOSED, Event.DECIDE): State.DECIDED,
    (State.CLOSED, Event.FAIL): State.FAILED,  # its bids were never opened
    # While an objection waits nothing is awarded (招标投标法实施条例 54).
    (State.DECIDED, Event.OBJECT): State.OBJECTED,
    (State.OBJECTED, Event.OBJECT): State.OBJECTED,
    (State.OBJECTED, Event.GO_ON): State.DECIDED,
    (State.OBJECTED, Event.EXCLUDE): State.DECIDED,
    (State.OBJECTED, Event.VOID): State.VOIDED,
    (State.DECIDED, Event.AWARD): State.AWARDED,
    (State.DECIDED, Event.FAIL): State.FAILED,  # nobody is left who bid enough
    (State.AWARDED, Event.DEFAULT): State.DECIDED,
    (State.AWARDED, Event.CONTRACT): State.CONTRACTED,
    (State.DRAFT, Event.CANCEL): State.CANCELLED,
    (State.ANNOUNCED, Event.CANCEL): State.CANCELLED,
    (State.OPEN, Event.CANCEL): State.CANCELLED,
    # Once bids are closed nobody takes the sale back; who finds it wrong has it declared void.
    (State.CLOSED, Event.VOID): State.VOIDED,
    (State.DECIDED, Event.VOID): State.VOIDED,
    (State.AWARDED, Event.VOID): State.VOIDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AuctionEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AuctionEventNotAllowed(state=state.value, event=event.value)
    return following
