"""Tell the life of a charge-back (拒付): contested within its window, accepted, or lost by silence."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How far a charge-back is."""

    OPENED = "opened"  # 已拒付，可申诉
    CONTESTED = "contested"  # 申诉中
    WON = "won"  # 申诉成功
    LOST = "lost"  # 拒付成立


class Event(enum.StrEnum):
    """What happens to a charge-back."""

    CONTEST = "contest"  # 提交申诉证据
    LAPSE = "lapse"  # 逾期未申诉
    ACCEPT = "accept"  # 接受拒付，不申诉
    WIN = "win"  # 渠道裁定我方胜
    LOSE = "lose"  # 渠道裁定拒付成立


class EventNotAllowed(Refused):
    """The event does not happen to a charge-back in this state."""

    code = "chargeback_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.OPENED, Event.CONTEST): State.CONTESTED,
    (State.OPENED, Event.LAPSE): State.LOST,
    (State.OPENED, Event.ACCEPT): State.LOST,
    (State.OPENED, Event.WIN): State.WON,
    (State.OPENED, Event.LOSE): State.LOST,
    (State.CONTESTED, Event.WIN): State.WON,
    (State.CONTESTED, Event.LOSE): State.LOST,
}

STANDING: Final = frozenset({State.OPENED, State.CONTESTED})


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises EventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise EventNotAllowed(state=str(state), event=str(event))
    return following
