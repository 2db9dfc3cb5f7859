"""Tell the life of a pricing filing (备案状态, RULES §6.1, E22)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a filing stands. What is returned (退回) is a draft again."""

    DRAFT = "draft"  # 草稿
    FILED = "filed"  # 已报备
    RECORDED = "recorded"  # 已备案
    EFFECTIVE = "effective"  # 生效
    UNDER_INQUIRY = "under_inquiry"  # 问询中
    SUSPENDED = "suspended"  # 暂停
    NON_COMPLIANT = "non_compliant"  # 超出新上限
    SUPERSEDED = "superseded"  # 已被替代
    EXPIRED = "expired"  # 已失效
    WITHDRAWN = "withdrawn"  # 已撤回


class Event(enum.StrEnum):
    """What happens to a filing."""

    FILE = "file"  # 报备
    RECORD = "record"  # 予以备案
    RETURN = "return"  # 退回补齐
    REJECT_OVER_CEILING = "reject_over_ceiling"  # 超出指导价上限
    TAKE_EFFECT = "take_effect"  # 生效
    AMEND = "amend"  # 报备新版本: this one stays in effect meanwhile
    CHANGE_CEILING = "change_ceiling"  # 上限下调
    INQUIRE = "inquire"  # 问询
    ANSWER = "answer"  # 答复问询
    CLEAR = "clear"  # 问询通过
    ORDER_CORRECTION = "order_correction"  # 责令改正
    SUPERSEDE = "supersede"  # 被新备案替代
    EXPIRE = "expire"  # 到期
    WITHDRAW = "withdraw"  # 撤回


class PricingEventNotAllowed(Refused):
    """The event does not happen to a filing in this state."""

    code = "pricing_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.FILE): State.FILED,
    (State.FILED, Event.RECORD): State.RECORDED,
    (State.FILED, Event.RETURN): State.DRAFT,
    (State.FILED, Event.REJECT_OVER_CEILING): State.DRAFT,
    (State.RECORDED, Event.REJECT_OVER_CEILING): State.DRAFT,
    (State.RECORDED, Event.TAKE_EFFECT): State.EFFECTIVE,
    (State.EFFECTIVE, Event.AMEND): State.EFFECTIVE,
    (State.EFFECTIVE, Event.CHANGE_CEILING): State.NON_COMPLIANT,
    (State.EFFECTIVE, Event.INQUIRE): State.UNDER_INQUIRY,
    (State.UNDER_INQUIRY, Event.CLEAR): State.EFFECTIVE,
    (State.UNDER_INQUIRY, Event.ORDER_CORRECTION): State.SUSPENDED,
    (State.EFFECTIVE, Event.SUPERSEDE): State.SUPERSEDED,
    (State.EFFECTIVE, Event.EXPIRE): State.EXPIRED,
    (State.EFFECTIVE, Event.WITHDRAW): State.WITHDRAWN,
    # Ours [P]: where filing suffices (备案 is not 审批), a price begins before it is recorded.
    (State.FILED, Event.TAKE_EFFECT): State.EFFECTIVE,
    (State.EFFECTIVE, Event.RECORD): State.EFFECTIVE,
    # Ours [P]: a reply changes nothing by itself; a doubt keeps no price from being replaced, from
    # ending, or from being above a new ceiling.
    (State.UNDER_INQUIRY, Event.ANSWER): State.UNDER_INQUIRY,
    (State.UNDER_INQUIRY, Event.AMEND): State.UNDER_INQUIRY,
    (State.UNDER_INQUIRY, Event.CHANGE_CEILING): State.NON_COMPLIANT,
    (State.UNDER_INQUIRY, Event.SUPERSEDE): State.SUPERSEDED,
    (State.UNDER_INQUIRY, Event.EXPIRE): State.EXPIRED,
    (State.UNDER_INQUIRY, Event.WITHDRAW): State.WITHDRAWN,
    (State.SUSPENDED, Event.AMEND): State.SUSPENDED,
    (State.SUSPENDED, Event.EXPIRE): State.EXPIRED,
    (State.NON_COMPLIANT, Event.AMEND): State.NON_COMPLIANT,
    (State.NON_COMPLIANT, Event.EXPIRE): State.EXPIRED,
    # Ours [P]: what is not in effect yet can be taken back; what was stopped is replaced or ends.
    (State.DRAFT, Event.WITHDRAW): State.WITHDRAWN,
    (State.FILED, Event.WITHDRAW): State.WITHDRAWN,
    (State.RECORDED, Event.WITHDRAW): State.WITHDRAWN,
    (State.SUSPENDED, Event.SUPERSEDE): State.SUPERSEDED,
    (State.SUSPENDED, Event.WITHDRAW): State.WITHDRAWN,
    (State.NON_COMPLIANT, Event.SUPERSEDE): State.SUPERSEDED,
    (State.NON_COMPLIANT, Event.WITHDRAW): State.WITHDRAWN,
}


#: Which hold the place of a price: nothing else begins for their scenarios without replacing them.
HOLDING: Final = frozenset(
    {State.EFFECTIVE, State.UNDER_INQUIRY, State.SUSPENDED, State.NON_COMPLIANT}
)

#: From which an order takes its price: a doubt that was not decided stops no sale [P].
IN_FORCE: Final = frozenset({State.EFFECTIVE, State.UNDER_INQUIRY})


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises PricingEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise PricingEventNotAllowed(state=state.value, event=event.value)
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS
