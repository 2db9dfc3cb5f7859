"""Say what an account has left, and what that means (余额、信用额度).

The balance is what was paid, less what went back, what a bank took back, and what was charged. It may be negative: nobody is
paid with money that is not there, so what the escrow does not cover is a debt and waits. A credit
limit (信用额度), which both sides signed, lets the buyer go on so far below zero.
"""

from __future__ import annotations

import enum
from typing import Final

from settlement.charging.states import Event, State

#: Percent of what was prepaid: so little left is told, in time for a transfer between banks [P].
LOW_PERCENT: Final = 20
_HUNDRED: Final = 100


class Level(enum.StrEnum):
    """How much may still be used."""

    ENOUGH = "enough"  # 充足
    LOW = "low"  # 偏低
    NOTHING = "nothing"  # 用尽


def low_mark(prepaid_fen: int, *, percent: int = LOW_PERCENT) -> int:
    """Return from which rest downwards the buyer is told, in fen: a part of what was prepaid."""
    return prepaid_fen * percent // _HUNDRED


def level(balance_fen: int, *, credit_limit_fen: int, low_fen: int) -> Level:
    """Return how much may still be used, down to the floor that the contract sets."""
    usable = balance_fen + credit_limit_fen
    if usable <= 0:
        return Level.NOTHING
    return Level.LOW if usable <= low_fen else Level.ENOUGH


def event_of(state: State, found: Level) -> Event | None:
    """Return what the level does to an account of a running order; None if nothing new."""
    return _CHANGES.get((state, found))


_CHANGES: Final[dict[tuple[State, Level], Event]] = {
    (State.RUNNING, Level.LOW): Event.RUN_LOW,
    (State.RUNNING, Level.NOTHING): Event.RUN_OUT,
    (State.LOW, Level.ENOUGH): Event.RECOVER,
    (State.LOW, Level.NOTHING): Event.RUN_OUT,
    (State.ARREARS, Level.ENOUGH): Event.RECOVER,
    (State.ARREARS, Level.LOW): Event.RUN_LOW,
    (State.SUSPENDED, Level.ENOUGH): Event.RECOVER,
    (State.SUSPENDED, Level.LOW): Event.RUN_LOW,
}


def collectable(*, charged_fen: int, collected_fen: int, left_fen: int) -> int:
    """Return how much of what was charged the escrow can pay now; the rest is a debt."""
    return max(min(charged_fen - collected_fen, left_fen), 0)
