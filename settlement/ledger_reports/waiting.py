"""Say what of the money waits for somebody, the most urgent first (待办事项)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Final

import msgspec


class What(enum.StrEnum):
    """What waits; the earlier ones are more urgent."""

    BREAKS_LATE = "breaks_late"  # 逾期差错
    GATES = "gates"  # 未解释的待清算款
    CHARGEBACKS = "chargebacks"  # 待申诉的拒付
    PAYOUTS_UNKNOWN = "payouts_unknown"  # 结果未知的付款
    PAYMENTS_UNKNOWN = "payments_unknown"  # 结果未知的收款
    REFUNDS_IN_DOUBT = "refunds_in_doubt"  # 未退成的退款
    BREAKS = "breaks"  # 未处理差错
    BATCHES_TO_APPROVE = "batches_to_approve"  # 待批准的付款
    ACCOUNTS_TO_VERIFY = "accounts_to_verify"  # 待核验的收款账户
    MONTHS_TO_CLOSE = "months_to_close"  # 未结账的月份


#: Where each is worked off.
PLACES: Final[dict[What, str]] = {
    What.BREAKS_LATE: "/reconciliation",
    What.GATES: "/reconciliation",
    What.CHARGEBACKS: "/chargebacks?chargeback_state=opened",
    What.BREAKS: "/reconciliation",
    What.PAYMENTS_UNKNOWN: "/reconciliation",
    What.REFUNDS_IN_DOUBT: "/reconciliation",
    What.PAYOUTS_UNKNOWN: "/payout-batches",
    What.BATCHES_TO_APPROVE: "/payout-batches",
    What.ACCOUNTS_TO_VERIFY: "/payout-accounts",
    What.MONTHS_TO_CLOSE: "/finance",
}
_RANKS: Final = {what: rank for rank, what in enumerate(What)}
_URGENT: Final = frozenset(
    {
        What.BREAKS_LATE,
        What.GATES,
        What.CHARGEBACKS,
        What.PAYOUTS_UNKNOWN,
        What.PAYMENTS_UNKNOWN,
    }
)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """So many things of one kind that wait, what they come to, and since when the oldest does."""

    what: What
    count: int
    amount_fen: int | None
    since_on: dt.date | None
    is_urgent: bool
    place: str


def waiting(
    what: What, count: int, *, amount_fen: int | None = None, since_on: dt.date | None = None
) -> Waiting:
    """Return so many things that wait, with where they are worked off."""
    return Waiting(
        what=what,
        count=count,
        amount_fen=amount_fen,
        since_on=since_on,
        is_urgent=what in _URGENT,
        place=PLACES[what],
    )


def ranked(found: Iterable[Waiting]) -> list[Waiting]:
    """Return what there is any of, the most urgent first."""
    return sorted((each for each in found if each.count), key=lambda each: _RANKS[each.what])
