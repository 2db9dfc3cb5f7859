"""Say in both languages what each kind of entry is called (凭证种类)."""

from __future__ import annotations

from typing import Final

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
    "deposit_forfeited": ("保证金不予退还", "Deposit forfeited"),
}


def kind_words(code: str) -> tuple[str, str]:
    """Return what a kind of entry is called, in Chinese and in English; its code if it has no name."""
    return KINDS.get(code, (code, code))
