"""Give the life of a legal instrument in the register (法律文书): RULES §5.4."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an instrument stands."""

    LODGED = "lodged"  # 已提交
    EFFECTIVE = "effective"  # 已核实生效
    REJECTED = "rejected"  # 不予采信
    APPLIED = "applied"  # 已执行
    ESCALATED = "escalated"  # 新权利主体逾期未办


class Event(enum.StrEnum):
    """What can happen to an instrument."""

    CHECK = "check"  # 一人初核
    VERIFY = "verify"  # 另一人复核
    REJECT = "reject"  # 未生效或与本产品无关
    APPLY = "apply"  # 执行
    ESCALATE = "escalate"  # 新权利主体逾期未办，报主管部门


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.LODGED, Event.CHECK): State.LODGED,
    (State.LODGED, Event.VERIFY): State.EFFECTIVE,
    (State.LODGED, Event.REJECT): State.REJECTED,
    (State.EFFECTIVE, Event.APPLY): State.APPLIED,
    (State.EFFECTIVE, Event.ESCALATE): State.ESCALATED,
    (State.ESCALATED, Event.APPLY): State.APPLIED,
}


class InstrumentEventNotAllowed(Refused):
    """The instrument's life does not allow this."""

    code = "instrument_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises InstrumentEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise InstrumentEventNotAllowed(state=state.value, event=event.value) from error
