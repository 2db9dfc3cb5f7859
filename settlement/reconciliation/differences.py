"""Say what kinds of breaks there are, what each does to the clearing account, and what ends it.

A difference is what we have and the channel does not say, in fen: negative when the channel says
more. All open differences together are the whole difference between clearing account and statement.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused
from catalog.kernel.periods import Period, Unit


class Kind(enum.StrEnum):
    """How a line of the channel and what we booked differ (差错类型)."""

    LONG = "long"  # 长款: the channel has it, we do not
    SHORT = "short"  # 短款: we have it, the channel does not
    AMOUNT = "amount"  # 金额不符
    FEE = "fee"  # 手续费不符
    STATUS = "status"  # 状态不符: we have it, the channel says that it failed
    DUPLICATE = "duplicate"  # 重复: a second transaction for what was paid once
    DATE_CUT = "date_cut"  # 日切: so late that it is in the next day's statement
    BALANCE = "balance"  # 存管余额不符: of a custodian's account


class Desk(enum.StrEnum):
    """Who has to deal with it (责任岗)."""

    CASHIER = "cashier"  # 资金岗
    CHANNEL = "channel"  # 渠道岗: asks the channel


class Way(enum.StrEnum):
    """How what was booked away is settled for good."""

    REFUNDED = "refunded"  # 退还付款方
    WRITTEN_OFF = "written_off"  # 平台垫付核销


class NotThisWay(Refused):
    """A break of this kind, or in this direction, is not settled so."""

    code = "break_not_settled_this_way"


DESKS: Final = {
    Kind.LONG: Desk.CASHIER,
    Kind.SHORT: Desk.CHANNEL,
    Kind.AMOUNT: Desk.CASHIER,
    Kind.FEE: Desk.CHANNEL,
    Kind.STATUS: Desk.CHANNEL,
    Kind.DUPLICATE: Desk.CASHIER,
    Kind.DATE_CUT: Desk.CASHIER,
    Kind.BALANCE: Desk.CASHIER,
}
#: Until when a break is to be booked or matched: money of others does not lie about.
DUE: Final = Period(3, Unit.WORKING_DAYS, "[P]")


def fee_of(amount_fen: int, fee_bps: int) -> int:
    """Return what the channel may keep of a payment by contract, half a fen counted as one."""
    return (amount_fen * fee_bps + 5_000) // 10_000


def check_way(way: Way, difference_fen: int) -> None:
    """Return if what was booked away may be settled so.

    :raises NotThisWay: if money that we have too little of were to be refunded, or money that we
        have too much of written off.
    """
    is_surplus = difference_fen < 0
    if is_surplus is not (way is Way.REFUNDED):
        raise NotThisWay(way=str(way), difference_fen=difference_fen)
