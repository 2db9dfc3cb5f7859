"""Write the yearly report of public data as a workbook (XLSX): revenue, departments, cost, the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

from market.finance_reports.workbook import Cell, Money, written
from market.public_data_reports.model import CostLine, PublicPart, SignedReport
from market.trade_statistics import workbook as statistics

TITLE: Final = "公共数据授权运营成本与收入年度报告"
#: The members of a cost line that are amounts, as paper and workbook call them.
COSTS: Final = {
    "cost_fen": ("核定运营成本", "Cost as decided"),
    "subsidies_fen": ("财政补贴", "Subsidies"),
    "profit_fen": ("准许收益", "Allowed profit"),
    "tax_fen": ("税金", "Tax"),
    "deducted_fen": ("上期超收扣减", "Deducted"),
    "allowed_fen": ("最高准许收入", "Allowed revenue"),
    "actual_cost_fen": ("实际成本", "Actual cost"),
    "recovered_fen": ("实际收入", "Recovered"),
    "over_fen": ("结转下期扣减", "Carried to the next"),
    "carried_fen": ("未扣完结转", "Not deducted yet"),
}


def workbook(made: SignedReport) -> bytes:
    """Return the report as XLSX; the same report is always the same bytes."""
    public = made.report.public
    sheets = {
        "收入与分配": _summary(public, made.sha256),
        "数源部门": _departments(public),
        "成本与准许收入": _costs(public.costs),
    }
    on = dt.date(public.year, 12, 31)
    return written(
        f"{TITLE} {public.year}", on, sheets | statistics.sheets(made.report.revenue, {})
    )


def _summary(public: PublicPart, sha256: str) -> Iterable[Sequence[Cell]]:
    yield (f"{TITLE} {public.year}", "Cost and revenue of public data in a year")
    yield ("运营机构 Operator", public.operator_name)
    yield ("版本 Version", public.version)
    yield ("出具日期 Drawn up on", str(public.drawn_up_on))
    if public.correction:
        yield ("更正说明 Correction", public.correction)
    yield ("成交金额 Paid", Money(public.paid_fen))
    yield ("退款金额 Refunded", Money(public.refunded_fen))
    yield ("净收入 Net", Money(public.net_fen))
    yield ("应缴国库非税收入 Treasury", Money(public.treasury_fen))
    yield ("签名文件 SHA-256", sha256)


def _departments(public: PublicPart) -> Iterable[Sequence[Cell]]:
    yield (
        "数源部门 Department",
        "",
        "",
        "主体 Party",
        "分得 Credited",
        "冲回 Taken back",
        "净额 Net",
    )
    for line in public.departments:
        amounts = (line.credited_fen, line.taken_back_fen, line.net_fen)
        yield (line.name, "", "", str(line.party_id), *map(Money, amounts))
    totals = (
        sum(getattr(line, member) for line in public.departments)
        for member in ("credited_fen", "taken_back_fen", "net_fen")
    )
    yield ("合计 Total", "", "", "", *map(Money, totals))


def _costs(costs: Sequence[CostLine]) -> Iterable[Sequence[Cell]]:
    yield (
        "期间 Period",
        "文号 Document",
        "机关 Authority",
        "",
        *(" ".join(each) for each in COSTS.values()),
    )
    for cost in costs:
        yield (
            f"{cost.period_from} — {cost.period_to}",
            cost.document_number,
            cost.authority,
            "试行 trial" if cost.is_trial else "",
            *(_money(getattr(cost, member)) for member in COSTS),
        )


def _money(amount: int | None) -> Cell:
    return None if amount is None else Money(amount)
