"""Tell the life of an invoice (发票)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where an invoice stands."""

    REQUESTED = "requested"  # 已申请
    ISSUED = "issued"  # 已开具
    REFUSED = "refused"  # 不予开具
    WITHDRAWN = "withdrawn"  # 已撤回申请
    VOIDED = "voided"  # 已作废
    REDDENED = "reddened"  # 已全额红冲


class Event(enum.StrEnum):
    """What happens to an invoice."""

    ISSUE = "issue"  # 开具
    REFUSE = "refuse"  # 不予开具
    WITHDRAW = "withdraw"  # 撤回申请
    VOID = "void"  # 作废
    REDDEN_PART = "redden_part"  # 部分红冲
    REDDEN = "redden"  # 全额红冲


class InvoiceEventNotAllowed(Refused):
    """The event does not happen to an invoice in this state."""

    code = "invoice_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.REQUESTED, Event.ISSUE): State.ISSUED,
    (State.REQUESTED, Event.REFUSE): State.REFUSED,
    (State.REQUESTED, Event.WITHDRAW): State.WITHDRAWN,
    (State.ISSUED, Event.VOID): State.VOIDED,
    (State.ISSUED, Event.REDDEN_PART): State.ISSUED,
    (State.ISSUED, Event.REDDEN): State.REDDENED,
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises InvoiceEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise InvoiceEventNotAllowed(state=state.value, event=event.value)
    return following
