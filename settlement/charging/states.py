"""Tell the life of the account of an order that pays as it uses (计量账户).

What stands on it decides: enough, little, or nothing. Only days that ran out unpaid suspend it, and
only money lets it go on. When the order is over it is settled, at once or when the debt is paid; a
charge-back that comes after that opens the debt again.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """How the account stands."""

    RUNNING = "running"  # 正常
    LOW = "low"  # 余额不足预警
    ARREARS = "arrears"  # 欠费
    SUSPENDED = "suspended"  # 欠费停用
    OWING = "owing"  # 订单已结束，欠费未清
    SETTLED = "settled"  # 已结清


class Event(enum.StrEnum):
    """What happens to it."""

    RUN_LOW = "run_low"  # 余额偏低
    RUN_OUT = "run_out"  # 余额用尽
    RECOVER = "recover"  # 补足余额
    SUSPEND = "suspend"  # 逾期停用
    OWE = "owe"  # 订单结束仍有欠费
    SETTLE = "settle"  # 结清


class UsageEventNotAllowed(Refused):
    """The event does not happen to a usage account in this state."""

    code = "usage_account_event_not_allowed"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.RUNNING, Event.RUN_LOW): State.LOW,
    (State.RUNNING, Event.RUN_OUT): State.ARREARS,
    (State.LOW, Event.RECOVER): State.RUNNING,
    (State.LOW, Event.RUN_OUT): State.ARREARS,
    (State.ARREARS, Event.RECOVER): State.RUNNING,
    (State.ARREARS, Event.RUN_LOW): State.LOW,  # paid, but not much
    (State.ARREARS, Event.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Event.RECOVER): State.RUNNING,
    (State.SUSPENDED, Event.RUN_LOW): State.LOW,
    **{
        (state, event): following
        for state in (State.RUNNING, State.LOW, State.ARREARS, State.SUSPENDED)
        for event, following in ((Event.OWE, State.OWING), (Event.SETTLE, State.SETTLED))
    },
    (State.OWING, Event.SETTLE): State.SETTLED,
    (State.SETTLED, Event.OWE): State.OWING,  # a bank took back what it was settled with (拒付)
}
#: Where the order goes on, and more may be charged.
LIVE: Final = frozenset({State.RUNNING, State.LOW, State.ARREARS, State.SUSPENDED})
#: Where the buyer is asked to pay.
UNPAID: Final = frozenset({State.ARREARS, State.SUSPENDED, State.OWING})


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises UsageEventNotAllowed: if ``event`` does not happen in ``state``.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise UsageEventNotAllowed(state=state.value, event=event.value)
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS
