"""Give the life of an approval (审批状态): step by step to an end, then used once or taken back."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an approval stands."""

    PENDING = "pending"  # 审批中
    APPROVED = "approved"  # 已批准
    REJECTED = "rejected"  # 已否决
    EXPIRED = "expired"  # 逾期未批
    WITHDRAWN = "withdrawn"  # 已撤回
    USED = "used"  # 已据此承诺或签约


class Event(enum.StrEnum):
    """What happens to an approval."""

    PASS = "pass"  # noqa: S105 - 通过或跳过一步, and another step follows
    APPROVE = "approve"  # 通过最后一步
    REJECT = "reject"  # 否决
    EXPIRE = "expire"  # 逾期
    WITHDRAW = "withdraw"  # 撤回
    USE = "use"  # 据此承诺或签约


class ApprovalEventNotAllowed(Refused):
    """The event does not happen to an approval in this state."""

    code = "approval_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.PENDING, Event.PASS): State.PENDING,
    (State.PENDING, Event.APPROVE): State.APPROVED,
    (State.PENDING, Event.REJECT): State.REJECTED,
    (State.PENDING, Event.EXPIRE): State.EXPIRED,
    (State.PENDING, Event.WITHDRAW): State.WITHDRAWN,
    # Until something was said by it, it can be taken back.
    (State.APPROVED, Event.WITHDRAW): State.WITHDRAWN,
    (State.APPROVED, Event.USE): State.USED,
}

#: Of these there is one for the same terms: nobody asks twice while an answer counts.
LIVE: Final = (State.PENDING, State.APPROVED, State.USED)


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ApprovalEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ApprovalEventNotAllowed(state=state.value, event=event.value)
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS
