"""Give the life of a foreign certificate in our market (外部凭证状态)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a foreign certificate stands."""

    IMPORTED = "imported"  # 已导入，待核验
    VERIFIED = "verified"  # 已核验，待认可
    RECOGNISED = "recognised"  # 已认可
    REJECTED = "rejected"  # 不予认可
    WITHDRAWN = "withdrawn"  # 认可已撤回


class Event(enum.StrEnum):
    """What can happen to a foreign certificate."""

    CHECK = "check"  # 一人向出证机构查证
    VERIFY = "verify"  # 核验: the signature holds, or a second person looked
    RECOGNISE = "recognise"  # 认可
    RECHECK = "recheck"  # 定期复查
    REJECT = "reject"  # 不予认可
    WITHDRAW = "withdraw"  # 撤回认可


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.IMPORTED, Event.CHECK): State.IMPORTED,
    (State.IMPORTED, Event.VERIFY): State.VERIFIED,
    (State.IMPORTED, Event.REJECT): State.REJECTED,
    (State.VERIFIED, Event.RECOGNISE): State.RECOGNISED,
    (State.VERIFIED, Event.REJECT): State.REJECTED,
    (State.RECOGNISED, Event.RECHECK): State.RECOGNISED,
    (State.RECOGNISED, Event.WITHDRAW): State.WITHDRAWN,
}


class ForeignCertificateEventNotAllowed(Refused):
    """The life of a foreign certificate does not allow this."""

    code = "foreign_certificate_event_not_allowed"


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises ForeignCertificateEventNotAllowed: if the event can not happen in ``state``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError as error:
        raise ForeignCertificateEventNotAllowed(state=state.value, event=event.value) from error
