"""Ask whether the terms of an order say what a contract must (SIX-2, BJ-27, RULES §6.8)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from catalog.kernel.errors import Invalid
from market.orders.cross_border import CrossBorderRoute
from settlement.money import WHOLE
from settlement.revenue import retaining
from settlement.revenue.retaining import DAYS_MAX

Text = Annotated[str, Meta(max_length=2_000)]


class ResponsibilityClauseMissing(Invalid):
    """The security responsibility of provider or receiver is not laid down (SIX-2)."""

    code = "responsibility_clause_missing"


class ContractClauseMissing(Invalid):
    """A clause that every contract has is empty."""

    code = "contract_clause_missing"


class RequestedTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clauses that the buyer asks for; the supplier agrees by signing (合同条款)."""

    provider_responsibility: Text = ""  # 提供方安全责任
    receiver_responsibility: Text = ""  # 接收方安全责任
    confidentiality: Text = ""  # 保密
    exit_arrangement: Text = ""  # 退出
    rights: Annotated[tuple[str, ...], Meta(max_length=5)] = ("right_use",)  # 数据产权安排
    inspection_days: Annotated[int, Meta(ge=1, le=90)] = 7  # 验收期
    term_days: Annotated[int, Meta(ge=1, le=3660)] = 365  # 使用期限
    destroys_at_end: bool = True  # 到期销毁 (BJ-27(b))
    onward_use: bool = False
    venue: Annotated[str, Meta(max_length=200)] = ""
    written_need: Text = ""  # 确有需求 (level 4)
    technical_means: Text = ""  # 数据可用不可见等必要技术手段
    is_cross_border: bool = False
    cross_border_route: CrossBorderRoute | UnsetType = UNSET  # 出境路径, if data leave the country
    credit_limit_fen: Annotated[int, Meta(ge=1, le=10**15)] | UnsetType = UNSET  # 信用额度
    region: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET  # where it is used
    retention_bps: Annotated[int, Meta(ge=1, le=WHOLE)] | UnsetType = UNSET  # 质保金比例 (万分比)
    retention_days: Annotated[int, Meta(ge=1, le=DAYS_MAX)] | UnsetType = (
        UNSET  # 质保期, from acceptance
    )


def check_retention(terms: RequestedTerms, *, most_bps: int) -> None:
    """Return if so much may be kept of what the supplier gets, for so long (质保金).

    :raises RetentionIncomplete: if share or days are missing.
    :raises RetentionAboveMaximum: if it is more than this market allows.
    """
    share, days = terms.retention_bps, terms.retention_days
    retaining.check(
        None if share is UNSET else share, None if days is UNSET else days, most_bps=most_bps
    )


def check(terms: RequestedTerms) -> None:
    """Return if no clause is missing.

    :raises ResponsibilityClauseMissing: if one side's security responsibility is not laid down.
    :raises ContractClauseMissing: if there is nothing on secrecy, exit or rights.
    """
    sides = {"provider": terms.provider_responsibility, "receiver": terms.receiver_responsibility}
    silent = [side for side, clause in sides.items() if not clause.strip()]
    if silent:
        raise ResponsibilityClauseMissing(sides=silent)
    clauses = {
        "confidentiality": terms.confidentiality.strip(),
        "exit_arrangement": terms.exit_arrangement.strip(),
        "rights": terms.rights,
    }
    empty = [name for name, clause in clauses.items() if not clause]
    if empty:
        raise ContractClauseMissing(clauses=empty)
