"""Give the life of an agreement (协议状态): it holds until both end it, another takes its place, or its time is over.

Its end by time is no state: it is asked to the second. Frozen it is by a cut-off, which stands beside
it (``market/cut_offs``) and is lifted again.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an agreement stands."""

    IN_FORCE = "in_force"  # 有效
    ENDING = "ending"  # 一方提出解除，待对方答复
    TERMINATED = "terminated"  # 已解除
    SUCCEEDED = "succeeded"  # 已被后续协议代替


class Event(enum.StrEnum):
    """What happens to an agreement."""

    PROPOSE_END = "propose_end"  # 提出解除
    DECLINE_END = "decline_end"  # 不同意解除，或撤回
    CONFIRM_END = "confirm_end"  # 协商一致解除（民法典 562）
    SUCCEED = "succeed"  # 变更、代替


class AgreementEventNotAllowed(Refused):
    """The event does not happen to an agreement in this state."""

    code = "agreement_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.IN_FORCE, Event.PROPOSE_END): State.ENDING,
    (State.ENDING, Event.DECLINE_END): State.IN_FORCE,
    (State.ENDING, Event.CONFIRM_END): State.TERMINATED,
    (State.IN_FORCE, Event.SUCCEED): State.SUCCEEDED,
    (State.ENDING, Event.SUCCEED): State.SUCCEEDED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises AgreementEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise AgreementEventNotAllowed(state=state.value, event=event.value)
    return following
