"""Read the limits of use from agreed terms, and say them in words (使用限额条款)."""

from __future__ import annotations

from typing import Final

from market.access.rates import UNLIMITED, Limits, Per, Rate
from market.contracts import constraints
from market.contracts.constraints import RATES, ROWS
from market.contracts.policy import Policy

HEADING: Final = "使用限额"
_WORDS: Final = {
    Per.MINUTE: "每分钟最多使用{most}次",
    Per.HOUR: "每小时最多使用{most}次",
    Per.DAY: "每个自然日最多使用{most}次",
}
_ROWS: Final = "单次结果最多{most}行，行数不明的不予提供"


def read(policy: Policy) -> Limits:
    """Return the limits that a policy names, the least of each kind."""
    held = constraints.use_constraints(policy)
    least: dict[str, int] = {}
    for each in held:
        if each.left_operand in RATES or each.left_operand == ROWS:
            most = int(each.values[0])
            least[each.left_operand] = min(most, least.get(each.left_operand, most))
    rates = tuple(Rate(per, least[name]) for name, per in RATES.items() if name in least)
    return Limits(rates=rates, rows_per_answer=least.get(ROWS))


def words(policy: Policy) -> str:
    """Return the limits of a policy as its contract says them; empty if it names none."""
    limits = read(policy)
    if limits == UNLIMITED:
        return ""
    said = [_WORDS[rate.per].format(most=rate.uses) for rate in limits.rates]
    if limits.rows_per_answer is not None:
        said.append(_ROWS.format(most=limits.rows_per_answer))
    return "；".join(said) + "。超出的请求不予提供，不计费，并记入使用记录。"
