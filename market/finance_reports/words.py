"""Say in both languages what entries and accounts are called (凭证种类、科目)."""

from __future__ import annotations

from typing import Final

from settlement.ledger import disk
from settlement.ledger.accounts import Purpose
from settlement.statements.model import Side

#: Each kind of entry, in Chinese and in English.
KINDS: Final[dict[str, tuple[str, str]]] = {
    "pay_in": ("收款入托管", "Paid into escrow"),
    "release": ("放款分账", "Released and shared"),
    "refund": ("退款", "Refunded"),
    "refund_settled": ("退款到账", "Refund paid out"),
    "top_up": ("充值", "Topped up"),
    "account_paid": ("预存款支付", "Paid from the account"),
    "usage_charged": ("按量计费", "Charged by use"),
    "residual_settled": ("尾差结转", "Rounding residual settled"),
    "reversal": ("冲回", "Reversed"),
    "payout": ("付款", "Payout sent"),
    "payout_settled": ("付款到账", "Payout arrived"),
    "payout_returned": ("付款退回", "Payout returned"),
    "retain": ("扣留质保金", "Retained"),
    "retention_released": ("退还质保金", "Retention given back"),
    "retention_drawn": ("动用质保金", "Retention drawn"),
    "chargeback": ("拒付", "Charged back"),
    "chargeback_won": ("拒付申诉成功", "Chargeback won"),
    "chargeback_lost": ("拒付成立", "Chargeback lost"),
    "loss_covered": ("平台垫付", "Loss covered"),
    "channel_fee_charged": ("渠道手续费", "Channel fee"),
    "suspense_booked": ("长款挂账", "Surplus in suspense"),
    "shortfall_booked": ("短款挂账", "Shortfall in suspense"),
    "suspense_resolved": ("挂账核销", "Suspense resolved"),
    "adjustment": ("调账", "Adjusted"),
}
SIDES: Final[dict[Side, tuple[str, str]]] = {
    Side.SUPPLIER: ("供方对账单", "Statement for the supplier"),
    Side.BUYER: ("需方对账单", "Statement for the buyer"),
    Side.DEPARTMENT: ("数源部门及国库对账单", "Statement for department and treasury"),
    Side.REGULATOR: ("监管对账单", "Statement for the regulator"),
}
BOOKS: Final[dict[str, tuple[str, str]]] = {
    "market": ("市场账簿", "Market"),
    "public_data": ("公共数据账簿", "Public data"),
}
_LANGUAGES: Final = ("zh", "en")


def kind(code: str, language: str) -> str:
    """Return what a kind of entry is called; its code if it has no name here."""
    return KINDS.get(code, (code, code))[_LANGUAGES.index(language)]


def side(code: Side, language: str) -> str:
    """Return what the statement of a side is called."""
    return SIDES[code][_LANGUAGES.index(language)]


def purpose(code: str, language: str) -> str:
    """Return what the accounts of a purpose are called in the chart (科目)."""
    title = disk.read_chart()[Purpose(code)]
    return f"{title.number} {title.zh if language == 'zh' else title.en}"


def book(code: str, language: str) -> str:
    """Return what a book is called; its code if it has no name here."""
    return BOOKS.get(code, (code, code))[_LANGUAGES.index(language)]
