"""Give the life of a finding of dishonesty (失信行为): RULES §6.3, QD-S2."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a finding stands."""

    FOUND = "found"  # 已认定，可提出异议
    CONTESTED = "contested"  # 异议处理中
    CONFIRMED = "confirmed"  # 异议不成立
    OVERTURNED = "overturned"  # 异议成立，认定撤销
    PUNISHED = "punished"  # 失信惩戒中
    REPAIRED = "repaired"  # 已信用修复
    EXPIRED = "expired"  # 惩戒期满


class Event(enum.StrEnum):
    """What can happen to it."""

    OBJECT = "object"  # 提出异议
    UPHOLD_OBJECTION = "uphold_objection"  # 异议成立
    REJECT_OBJECTION = "reject_objection"  # 异议不成立
    PUNISH = "punish"  # 失信惩戒
    REPAIR = "repair"  # 信用修复
    EXPIRE = "expire"  # 惩戒期满


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.FOUND, Event.OBJECT): State.CONTESTED,
    (State.CONTESTED, Event.UPHOLD_OBJECTION): State.OVERTURNED,
    (State.CONTESTED, Event.REJECT_OBJECTION): State.CONFIRMED,
    (State.FOUND, Event.PUNISH): State.PUNISHED,
    (State.CONFIRMED, Event.PUNISH): State.PUNISHED,
    (State.PUNISHED, Event.REPAIR): State.REPAIRED,
    (State.PUNISHED, Event.EXPIRE): State.EXPIRED,
}


class CreditEventNotAllowed(Refused):
    """The finding's life does not allow this."""

    code = "credit_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises CreditEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise CreditEventNotAllowed(state=state.value, event=event.value) from error
