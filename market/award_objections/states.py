"""Give the life of an objection to the result of an auction (成交异议状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an objection stands."""

    FILED = "filed"  # 待处理
    UPHELD = "upheld"  # 成立
    DISMISSED = "dismissed"  # 不成立
    WITHDRAWN = "withdrawn"  # 已撤回
    SUPERSEDED = "superseded"  # 结果已变更，可对新结果提出


class Event(enum.StrEnum):
    """What happens to an objection."""

    UPHOLD = "uphold"  # 认定成立
    DISMISS = "dismiss"  # 驳回
    WITHDRAW = "withdraw"  # 撤回
    SUPERSEDE = "supersede"  # 因结果变更而终结


class AwardObjectionEventNotAllowed(Refused):
    """The objection was decided on, taken back, or is about a result that is gone."""

    code = "award_objection_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.FILED, Event.UPHOLD): State.UPHELD,
    (State.FILED, Event.DISMISS): State.DISMISSED,
    (State.FILED, Event.WITHDRAW): State.WITHDRAWN,
    (State.FILED, Event.SUPERSEDE): State.SUPERSEDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AwardObjectionEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AwardObjectionEventNotAllowed(state=state.value, event=event.value)
    return following
