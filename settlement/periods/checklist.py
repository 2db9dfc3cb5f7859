"""Say which accounts have to be empty at the end of a month, or why they are not (结账检查).

Money on its way should arrive: what stands in an order's escrow, at a channel or in transit has a
reason, which is the order itself, or what a person writes down.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.kernel.errors import Refused

#: The accounts of orders, named by their ids: explained by the order as long as it runs.
OF_ORDERS: Final = ("order_escrow", "rounding_residual", "chargeback_hold")
#: Explained by a person alone: what a channel holds is compared with what the channel says.
_OF_CHANNELS: Final = ("channel_clearing", "payout_in_transit", "suspense")
#: All that has to be empty or explained.
PASSING_THROUGH: Final = (*OF_ORDERS, *_OF_CHANNELS)
_RUNNING: Final = ("awaiting_payment", "held", "disputed")


class PeriodNotExplained(Refused):
    """Accounts that should be empty are not, and nobody said why."""

    code = "period_not_explained"


class Because(enum.StrEnum):
    """Why something still stands on an account at the end of a month."""

    ORDER_RUNS = "order_runs"  # 订单履行中
    CLOSED_LATER = "closed_later"  # 次月已了结
    PERSON = "person"  # 已书面说明


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on an account at the end of a month, and what is known about it."""

    account: str
    purpose: str
    balance_fen: int
    escrow_state: str | None = None  # of its order, now
    escrow_closed_on: dt.date | None = None
    explanation: str | None = None  # what a person wrote
    explained_by_name: str | None = None


def why(standing: Standing, last_day: dt.date) -> Because | None:
    """Return why something may stand there at the end of the month; None if nothing says so."""
    if standing.explanation is not None:
        return Because.PERSON
    if standing.purpose in OF_ORDERS:
        if standing.escrow_state in _RUNNING:
            return Because.ORDER_RUNS
        if standing.escrow_closed_on is not None and standing.escrow_closed_on > last_day:
            return Because.CLOSED_LATER
    return None


def unexplained(standings: Sequence[Standing], last_day: dt.date) -> list[Standing]:
    """Return the accounts for which nothing says why they are not empty."""
    return [each for each in standings if why(each, last_day) is None]


def check(standings: Sequence[Standing], last_day: dt.date) -> None:
    """Return if every account that is not empty is explained.

    :raises PeriodNotExplained: if not, with the first of them.
    """
    open_ = unexplained(standings, last_day)
    if open_:
        raise PeriodNotExplained(accounts=len(open_), account=open_[0].account)
