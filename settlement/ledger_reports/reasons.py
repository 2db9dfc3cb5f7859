"""Say in words why an account got exactly this many fen, as a treasurer reads it (逐分说明)."""

from __future__ import annotations

from typing import Final

from settlement.fees.deducting import Base, Tier
from settlement.money import percent, yuan
from settlement.revenue.explaining import Exact, ExplainedPart, Rule, exact
from settlement.revenue.retaining import Retained
from settlement.revenue.split import Method, Role
from settlement.taxes import taxing

Words = tuple[str, str]  # in Chinese and in English

ROLES: Final[dict[Role, Words]] = {
    Role.RIGHT_HOLDER: ("权利人", "right holder"),
    Role.DEPARTMENT: ("数源部门", "source department"),
    Role.PLATFORM: ("平台运营者", "platform"),
    Role.TREASURY: ("国库（非税收入）", "treasury (non-tax revenue)"),
    Role.TAX: ("税费", "tax"),
    Role.AGENCY: ("服务机构", "agency"),
    Role.BROKER: ("数据经纪人", "broker"),
}
METHODS: Final[dict[Method, Words]] = {
    Method.COST_SHARING: ("成本分摊", "cost sharing"),
    Method.PROFIT_SHARING: ("利润分成", "profit sharing"),
    Method.EQUITY: ("股权参股", "equity"),
    Method.IP_SHARING: ("知识产权共享", "joint IP"),
}
BASES: Final[dict[Base, Words]] = {
    Base.GROSS: ("价款", "what was paid"),
    Base.LEFT: ("前项扣除后的余额", "what the fees before it left"),
}
GIVES: Final[Words] = ("由此账户付出。", "It is paid from this account.")
ARRIVES: Final[Words] = ("全额转入，不作分配。", "All of it arrives here; nothing is divided.")
WAITS: Final[Words] = (
    "尚不足以分给任何一方的零头，先记尾差，待结清时按最大余额法分出。",
    "Nobody is entitled to these fen yet; they wait as a residual and are given out at the end.",
)
SETTLED: Final[Words] = (
    "尾差账户里等待的分，归累计应得先满一分者，结清时按最大余额法分完。",
    (
        "Fen that waited as a residual: they go to whose claim has grown to a whole fen, at the end by"
        " largest remainder."
    ),
)
NOT_SHOWN: Final[Words] = (
    "按该订单冻结的分账约定计算；约定只对订单双方和监管者可见。",
    "By the frozen split of the order, which its two sides and the supervisors may read.",
)


def of_part(part: ExplainedPart) -> Words:
    """Return why a part of an amount that is divided at once comes to its fen."""
    rule, got = _rule(part), _rest(part)
    return f"{rule[0]}{got[0]}", f"{rule[1]} {got[1]}"


def of_keeping(kept: Retained, amount_fen: int, kept_fen: int) -> Words:
    """Return why so many fen are kept back of a sale (质保金): the share of all of it, cut to a fen."""
    of, share, got = yuan(amount_fen), percent(kept.share_bps), yuan(kept_fen)
    return (
        f"质保金：按价款 {of} 的 {share} 计、不足一分舍去，且不超过供方应得，扣留 {got}，验收后 {kept.days} 日退还。",
        (
            f"Retention: {share} of {of}, cut to the fen and never more than the seller's part, keeps {got}"
            f" for {kept.days} days from acceptance."
        ),
    )


def less_kept(part: ExplainedPart, kept_fen: int) -> Words:
    """Return why a seller gets its part less what is kept back of it."""
    zh, en = of_part(part)
    return f"{zh}其中 {yuan(kept_fen)} 扣作质保金。", f"{en} {yuan(kept_fen)} of it are kept back."


def of_increment(part: ExplainedPart, before: Exact, amount_fen: int) -> Words:
    """Return why a part of a charge comes to its fen: what all charges entitle to, less the earlier."""
    rule = _rule(part)
    now, was = _exact(part.exact), _exact(before)
    return (
        f"{rule[0]}累计应得 {now[0]}，此前累计应得 {was[0]}；各取整分相减，本次得 {yuan(amount_fen)}。",
        (
            f"{rule[1]} All charges entitle to {now[1]}, the earlier ones to {was[1]}; the difference of"
            f" their whole fen is {yuan(amount_fen)}."
        ),
    )


def of_taking_back(original_fen: int, taken_before_fen: int, amount_fen: int) -> Words:
    """Return why a party gives so much back: its part of the entry that is reversed."""
    original, before, now = yuan(original_fen), yuan(taken_before_fen), yuan(amount_fen)
    return (
        f"原凭证此处得 {original}，此前已冲回 {before}，本次按原份额冲回 {now}。",
        (
            f"The original entry gave {original} here; {before} of it was taken back before, {now} now,"
            " by the original shares."
        ),
    )


def _rule(part: ExplainedPart) -> Words:
    base = _exact(part.base)
    role = ROLES[part.role]
    if part.tax_rate_bps is not None:
        rate = percent(part.tax_rate_bps)
        unrounded = _exact(exact(taxing.unrounded(part.base.whole_fen, part.tax_rate_bps)))
        return (
            f"价税合计 {base[0]} 内含税率 {rate} 的税 {unrounded[0]}，四舍五入到整分；税额归开票方，不参与分配。",
            (
                f"Of {base[1]} with tax, {unrounded[1]} is tax at {rate}, to the nearest fen; it goes to who"
                " makes out the invoice and is shared with nobody."
            ),
        )
    if part.rule is Rule.SHARE:
        assert part.share_bps is not None, "a share has its rate"
        assert part.method is not None, "a share has its method"
        method = METHODS[part.method]
        share = percent(part.share_bps)
        return (
            f"{role[0]}按{method[0]}分得扣费后余额 {base[0]} 的 {share}。",
            f"{role[1].capitalize()}: {share} ({method[1]}) of the {base[1]} that the fees left.",
        )
    assert part.fee_base is not None, "a fee has its base"
    of, rates = BASES[part.fee_base], _rates(part.fee_tiers)
    limits = _limits(part)
    inside = ("（价内）", " (included in the price)") if part.is_inside else ("", "")
    return (
        f"{role[0]}收费项 {part.fee_code}{inside[0]}：以{of[0]} {base[0]} 为基数，{rates[0]}{limits[0]}。",
        (
            f"{role[1].capitalize()}: fee {part.fee_code}{inside[1]}, {rates[1]} of {of[1]}, {base[1]}"
            f"{limits[1]}."
        ),
    )


def _rates(tiers: tuple[Tier, ...]) -> Words:
    if len(tiers) == 1 and not tiers[0].above_fen:
        rate = percent(tiers[0].rate_bps)
        return f"费率 {rate}", rate
    told = [(yuan(tier.above_fen), percent(tier.rate_bps)) for tier in tiers]
    return (
        "分档计：" + "、".join(f"{above} 以上部分 {rate}" for above, rate in told),
        "in tiers, " + ", ".join(f"{rate} above {above}" for above, rate in told) + ",",
    )


def _limits(part: ExplainedPart) -> Words:
    zh, en = "", ""
    if part.minimum_fen:
        zh += f"，至少 {yuan(part.minimum_fen)}"
        en += f", at least {yuan(part.minimum_fen)}"
    if part.maximum_fen is not None:
        zh += f"，至多 {yuan(part.maximum_fen)}"
        en += f", at most {yuan(part.maximum_fen)}"
    return zh, en


def _rest(part: ExplainedPart) -> Words:
    due = _exact(part.exact)
    got = yuan(part.amount_fen)
    if not part.exact.numerator:
        return f"应得 {due[0]}，恰为整分，得 {got}。", f"That is {due[1]}, a whole fen: {got}."
    if part.extra_fen:
        return (
            f"应得 {due[0]}；余数排第 {part.place}，补得 1 分，得 {got}。",
            f"That is {due[1]}; its remainder is number {part.place} and gets one fen more: {got}.",
        )
    return (
        f"应得 {due[0]}；余数排第 {part.place}，未补分，舍去零头，得 {got}。",
        f"That is {due[1]}; its remainder is number {part.place} and gets no fen more: {got}.",
    )


def _exact(number: Exact) -> Words:
    whole = yuan(number.whole_fen)
    if not number.numerator:
        return whole, whole
    rest = f"{number.numerator}/{number.denominator}"
    return f"{whole} 又 {rest} 分", f"{whole} and {rest} fen"
