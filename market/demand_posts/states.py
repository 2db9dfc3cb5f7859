"""Give the life of a demand post (需求状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a demand post stands."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待审核
    PUBLISHED = "published"  # 已发布
    NEGOTIATING = "negotiating"  # 磋商中
    MET = "met"  # 已满足
    WITHDRAWN = "withdrawn"  # 已撤回
    EXPIRED = "expired"  # 已到期
    REJECTED = "rejected"  # 未通过审核


class Event(enum.StrEnum):
    """What happens to it."""

    REVISE = "revise"
    SUBMIT = "submit"
    PUBLISH = "publish"
    REJECT = "reject"
    TAKE_UP = "take_up"  # a quote was accepted, and is negotiated
    GO_ON = "go_on"  # that negotiation ended without an agreement
    MEET = "meet"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.REVISE): State.DRAFT,
    (State.DRAFT, Event.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Event.WITHDRAW): State.WITHDRAWN,
    (State.SUBMITTED, Event.REVISE): State.SUBMITTED,
    (State.SUBMITTED, Event.PUBLISH): State.PUBLISHED,
    (State.SUBMITTED, Event.REJECT): State.REJECTED,
    (State.SUBMITTED, Event.WITHDRAW): State.WITHDRAWN,
    (State.SUBMITTED, Event.EXPIRE): State.EXPIRED,
    # What everybody reads is read by the operator first, each time.
    (State.PUBLISHED, Event.REVISE): State.SUBMITTED,
    (State.PUBLISHED, Event.TAKE_UP): State.NEGOTIATING,
    (State.PUBLISHED, Event.MEET): State.MET,
    (State.PUBLISHED, Event.WITHDRAW): State.WITHDRAWN,
    (State.PUBLISHED, Event.EXPIRE): State.EXPIRED,
    (State.NEGOTIATING, Event.GO_ON): State.PUBLISHED,
    (State.NEGOTIATING, Event.MEET): State.MET,
    (State.NEGOTIATING, Event.WITHDRAW): State.WITHDRAWN,
}

#: In which a post is shown to whoever may see it.
SHOWN: Final = frozenset({State.PUBLISHED, State.NEGOTIATING, State.MET})
#: In which its matches are looked at, answered and found anew.
OPEN: Final = frozenset({State.PUBLISHED, State.NEGOTIATING})


class DemandPostEventNotAllowed(Refused):
    """The event does not happen to a demand post in this state."""

    code = "demand_post_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises DemandPostEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise DemandPostEventNotAllowed(state=state.value, event=event.value)
    return following
