"""Tell the life of a listing (上架状态, E37)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a listing stands."""

    DRAFT = "draft"  # 草稿
    COMPLIANCE_CHECK = "compliance_check"  # 合规核查中
    LISTED = "listed"  # 已上架
    SUSPENDED = "suspended"  # 暂停
    DELISTED = "delisted"  # 已下架


class Event(enum.StrEnum):
    """What happens to a listing."""

    REVISE = "revise"  # 修改草稿
    SUBMIT = "submit"  # 提交核查
    RETURN = "return"  # 退回补齐
    PUBLISH = "publish"  # 上架
    SUSPEND = "suspend"  # 暂停
    RESUME = "resume"  # 恢复
    DELIST = "delist"  # 下架


class ListingEventNotAllowed(Refused):
    """The event does not happen to a listing in this state."""

    code = "listing_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.REVISE): State.DRAFT,
    (State.DRAFT, Event.SUBMIT): State.COMPLIANCE_CHECK,
    (State.COMPLIANCE_CHECK, Event.RETURN): State.DRAFT,
    (State.COMPLIANCE_CHECK, Event.PUBLISH): State.LISTED,
    (State.LISTED, Event.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Event.RESUME): State.LISTED,
    (State.LISTED, Event.DELIST): State.DELISTED,
    (State.SUSPENDED, Event.DELIST): State.DELISTED,
    # Ours [P]: a supplier may give up before it was listed, and begin again.
    (State.DRAFT, Event.DELIST): State.DELISTED,
    (State.COMPLIANCE_CHECK, Event.DELIST): State.DELISTED,
}

LIVE: Final = frozenset(State) - {State.DELISTED}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ListingEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ListingEventNotAllowed(state=state.value, event=event.value)
    return following
