"""Say which entries there are: from which accounts to which, and what that means for the order.

One table. The database holds the same (``settlement.entry_kinds``, ``settlement.entry_flows``) and
refuses every entry that is not in it; a test keeps the two equal.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from settlement.ledger.accounts import Purpose


class Kind(enum.StrEnum):
    """Why money moved."""

    __hash__ = str.__hash__  # as of ``Purpose``

    PAY_IN = "pay_in"  # 收款: channel → escrow
    RELEASE = "release"  # 放款: escrow → those who share
    REFUND = "refund"  # 退款: escrow → owed to the buyer
    REFUND_SETTLED = "refund_settled"  # 退款到账: owed to the buyer → channel
    TOP_UP = "top_up"  # 充值: channel → the buyer's account
    ACCOUNT_PAID = "account_paid"  # 预存款支付: the buyer's account → escrow
    USAGE_CHARGED = "usage_charged"  # 按量计费: the buyer's account → those who share
    RESIDUAL_SETTLED = "residual_settled"  # 尾差结转: residual → those who share
    REVERSAL = "reversal"  # 冲回: those who shared → back
    PAYOUT = "payout"  # 付款: owed → on its way
    PAYOUT_SETTLED = "payout_settled"  # 付款到账: on its way → channel
    PAYOUT_RETURNED = "payout_returned"  # 付款退回: on its way → owed again
    RETAIN = "retain"  # 扣留质保金
    RETENTION_RELEASED = "retention_released"  # 退还质保金
    RETENTION_DRAWN = "retention_drawn"  # 动用质保金
    CHARGEBACK = "chargeback"  # 拒付
    CHARGEBACK_WON = "chargeback_won"  # 拒付申诉成功
    CHARGEBACK_LOST = "chargeback_lost"  # 拒付成立
    LOSS_COVERED = "loss_covered"  # 平台垫付
    CHANNEL_FEE_CHARGED = "channel_fee_charged"  # 渠道扣收手续费
    SUSPENSE_BOOKED = "suspense_booked"  # 长款挂账
    SHORTFALL_BOOKED = "shortfall_booked"  # 短款挂账
    SUSPENSE_RESOLVED = "suspense_resolved"  # 挂账核销
    ADJUSTMENT = "adjustment"  # 调账: with a reason and two people
    DEPOSIT_FORFEITED = "deposit_forfeited"  # 保证金不予退还: escrow → the seller or the treasury


class OnOrder(msgspec.Struct, frozen=True):
    """What a fen on its way adds to, or takes from, the sums of its order."""

    paid: int = 0
    released: int = 0
    refunded: int = 0
    charged_back: int = 0


Flows = Mapping[tuple[Purpose, Purpose], OnOrder]


class KindRule(msgspec.Struct, frozen=True):
    """What an entry of a kind may do: for each debited purpose, the purposes it may credit."""

    code: int  # how the journal writes the kind; never given to another
    flows: Flows
    is_split: bool = False  # more than one account may be credited
    must_reverse: bool = False  # it names the entry that it takes back, and stays within it


_P = Purpose
_OWED: Final = (
    _P.PAYABLE,
    _P.DEPARTMENT_PAYABLE,
    _P.PLATFORM_FEE,
    _P.TREASURY_NON_TAX,
    _P.TAX_PAYABLE,
)
_SHARED: Final = (*_OWED, _P.ROUNDING_RESIDUAL, _P.RETENTION)

_NOTHING: Final = OnOrder()
_PAID: Final = OnOrder(paid=1)
_RELEASED: Final = OnOrder(released=1)
_REFUNDED: Final = OnOrder(refunded=1)
_GIVEN_BACK: Final = OnOrder(released=-1, refunded=1)  # by those who had it
_TAKEN_BACK: Final = OnOrder(released=-1, charged_back=1)


def _from(
    leaving: Iterable[Purpose], arriving: Sequence[Purpose], effect: OnOrder = _NOTHING
) -> dict[tuple[Purpose, Purpose], OnOrder]:
    return {(debit, credit): effect for debit in leaving for credit in arriving}


def _adjusting() -> Flows:
    escrow, others = [_P.ORDER_ESCROW], [p for p in Purpose if p is not _P.ORDER_ESCROW]
    flows = _from(others, others) | _from(others, escrow, _PAID)
    return flows | _from(escrow, others, _RELEASED)  # never from the escrow of one to another's


RULES: Final[Mapping[Kind, KindRule]] = {
    Kind.PAY_IN: KindRule(1, _from([_P.CHANNEL_CLEARING], [_P.ORDER_ESCROW], _PAID)),
    Kind.RELEASE: KindRule(2, _from([_P.ORDER_ESCROW], _SHARED, _RELEASED), is_split=True),
    Kind.REFUND: KindRule(
        3, _from([_P.ORDER_ESCROW], [_P.REFUND_PAYABLE, _P.BUYER_ACCOUNT], _REFUNDED)
    ),
    Kind.REFUND_SETTLED: KindRule(4, _from([_P.REFUND_PAYABLE], [_P.CHANNEL_CLEARING])),
    Kind.TOP_UP: KindRule(5, _from([_P.CHANNEL_CLEARING], [_P.BUYER_ACCOUNT])),
    Kind.ACCOUNT_PAID: KindRule(6, _from([_P.BUYER_ACCOUNT], [_P.ORDER_ESCROW], _PAID)),
    Kind.USAGE_CHARGED: KindRule(
        7, _from([_P.BUYER_ACCOUNT], _SHARED, OnOrder(paid=1, released=1)), is_split=True
    ),
    Kind.RESIDUAL_SETTLED: KindRule(
        8, _from([_P.ROUNDING_RESIDUAL], [*_OWED, _P.RETENTION]), is_split=True
    ),
    Kind.REVERSAL: KindRule(
        9,
        _from([*_OWED, _P.RETENTION], [_P.REFUND_PAYABLE], _GIVEN_BACK)
        | _from([*_OWED, _P.RETENTION], [_P.ORDER_ESCROW], OnOrder(released=-1))
        | _from([*_OWED, _P.RETENTION], [_P.CHARGEBACK_HOLD], _TAKEN_BACK),
        must_reverse=True,
    ),
    Kind.PAYOUT: KindRule(10, _from(_OWED, [_P.PAYOUT_IN_TRANSIT])),
    Kind.PAYOUT_SETTLED: KindRule(11, _from([_P.PAYOUT_IN_TRANSIT], [_P.CHANNEL_CLEARING])),
    Kind.PAYOUT_RETURNED: KindRule(12, _from([_P.PAYOUT_IN_TRANSIT], _OWED), must_reverse=True),
    Kind.RETAIN: KindRule(13, _from([_P.PAYABLE], [_P.RETENTION])),
    Kind.RETENTION_RELEASED: KindRule(14, _from([_P.RETENTION], [_P.PAYABLE])),
    Kind.RETENTION_DRAWN: KindRule(
        15,
        _from([_P.RETENTION], [_P.REFUND_PAYABLE], _GIVEN_BACK)
        | _from([_P.RETENTION], [_P.CHARGEBACK_HOLD], _TAKEN_BACK),
    ),
    Kind.CHARGEBACK: KindRule(
        16,
        _from([_P.ORDER_ESCROW], [_P.CHARGEBACK_HOLD], OnOrder(charged_back=1))
        | _from(_OWED, [_P.CHARGEBACK_HOLD], _TAKEN_BACK),
    ),
    Kind.CHARGEBACK_WON: KindRule(
        17,
        _from([_P.CHARGEBACK_HOLD], [_P.ORDER_ESCROW], OnOrder(charged_back=-1))
        | _from(
            [_P.CHARGEBACK_HOLD],
            [*_OWED, _P.RETENTION, _P.PLATFORM_LOSS],
            OnOrder(released=1, charged_back=-1),
        ),
    ),
    Kind.CHARGEBACK_LOST: KindRule(18, _from([_P.CHARGEBACK_HOLD], [_P.CHANNEL_CLEARING])),
    Kind.LOSS_COVERED: KindRule(
        19,
        _from([_P.PLATFORM_LOSS], [_P.ORDER_ESCROW], _PAID)  # 坏账核销: a debt nobody paid
        | _from([_P.PLATFORM_LOSS], [_P.REFUND_PAYABLE], _GIVEN_BACK)
        | _from([_P.PLATFORM_LOSS], [_P.CHARGEBACK_HOLD], _TAKEN_BACK)
        | _from([_P.PLATFORM_LOSS], [_P.CHANNEL_CLEARING]),
    ),
    Kind.CHANNEL_FEE_CHARGED: KindRule(20, _from([_P.CHANNEL_FEE], [_P.CHANNEL_CLEARING])),
    Kind.SUSPENSE_BOOKED: KindRule(21, _from([_P.CHANNEL_CLEARING], [_P.SUSPENSE])),
    Kind.SHORTFALL_BOOKED: KindRule(22, _from([_P.SUSPENSE], [_P.CHANNEL_CLEARING])),
    Kind.SUSPENSE_RESOLVED: KindRule(
        23,
        _from([_P.SUSPENSE], [_P.ORDER_ESCROW], _PAID)
        | _from([_P.SUSPENSE], [_P.REFUND_PAYABLE, _P.BUYER_ACCOUNT, _P.CHANNEL_CLEARING]),
    ),
    Kind.ADJUSTMENT: KindRule(24, _adjusting(), is_split=True),
    Kind.DEPOSIT_FORFEITED: KindRule(
        25, _from([_P.ORDER_ESCROW], [_P.PAYABLE, _P.TREASURY_NON_TAX], _RELEASED)
    ),
}
