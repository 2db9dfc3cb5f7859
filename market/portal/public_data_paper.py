"""Say what stands on the yearly report of public data on paper (纸质年度报告), Chinese with English beside."""

from __future__ import annotations

from typing import Final

from market.finance_reports import words
from market.portal.show import yuan
from market.portal.statement_paper import Block, Paper
from market.public_data_reports.model import CostLine, SignedReport
from market.public_data_reports.workbook import COSTS, TITLE
from market.trade_statistics import words as statistics_words
from market.trade_statistics.model import Table

_ENGLISH: Final = "Cost and revenue of public data in a year"
_SHOWN: Final = ("paid_fen", "refunded_fen", "suppliers_fen", "departments_fen", "treasury_fen")


def paper(made: SignedReport) -> Paper:
    """Return the paper of a report: its sums, the departments, what each allowance rests on, the tables."""
    public, revenue = made.report.public, made.report.revenue
    blocks = [] if not public.correction else [_correction(public.correction)]
    blocks += [_departments(made), *(_cost(each) for each in public.costs)]
    blocks.extend(_table(made, each) for each in revenue.tables if each.lines)
    return Paper(
        zh=TITLE,
        en=_ENGLISH,
        party=public.operator_name,
        book=words.book(revenue.book, "zh"),
        period=f"{public.year}（第 {public.version} 版）",
        days=f"{revenue.first_day} — {revenue.last_day}",
        date=(public.drawn_up_on.year, public.drawn_up_on.month, public.drawn_up_on.day),
        sums=(
            ("成交金额", "Paid", yuan(public.paid_fen)),
            ("退款金额", "Refunded", yuan(public.refunded_fen)),
            ("净收入", "Net", yuan(public.net_fen)),
            ("应缴国库", "Treasury", yuan(public.treasury_fen)),
        ),
        blocks=tuple(blocks),
        chain_head=revenue.chain_head,
    )


def _correction(reason: str) -> Block:
    return Block(
        zh="更正说明",
        en="Why there is this version",
        columns=(("说明", "Reason"),),
        words=1,
        rows=((reason,),),
        total=(),
    )


def _departments(made: SignedReport) -> Block:
    lines = made.report.public.departments
    return Block(
        zh="数源部门分得",
        en="What departments got",
        columns=(
            ("数源部门", "Department"),
            ("分得", "Credited"),
            ("冲回", "Taken back"),
            ("净额", "Net"),
        ),
        words=1,
        rows=tuple(
            (line.name, yuan(line.credited_fen), yuan(line.taken_back_fen), yuan(line.net_fen))
            for line in lines
        ),
        total=(
            "合计",
            yuan(sum(line.credited_fen for line in lines)),
            yuan(sum(line.taken_back_fen for line in lines)),
            yuan(sum(line.net_fen for line in lines)),
        ),
    )


def _cost(cost: CostLine) -> Block:
    """Return what one allowance rests on; what nobody knows yet has a dash."""
    trial = "（试行）" if cost.is_trial else ""
    return Block(
        zh=f"成本与准许收入{trial} {cost.period_from} — {cost.period_to}",
        en=f"{cost.authority} {cost.document_number}",
        columns=(("项目", "Item"), ("金额", "Amount")),
        words=1,
        rows=tuple(
            (zh, "—" if getattr(cost, member) is None else yuan(getattr(cost, member)))
            for member, (zh, _) in COSTS.items()
        ),
        total=(),
    )


def _table(made: SignedReport, table: Table) -> Block:
    zh, en = statistics_words.DIMENSIONS[table.dimension]
    return Block(
        zh=f"收入{zh}",
        en=en,
        columns=(("类别", "What"), *(statistics_words.MEMBERS[member] for member in _SHOWN)),
        words=1,
        rows=tuple(
            (
                statistics_words.line(table.dimension, line, {}, "zh"),
                *(yuan(getattr(line.sums, member)) for member in _SHOWN),
            )
            for line in table.lines
        ),
        total=(
            "合计",
            *(yuan(getattr(made.report.revenue.totals, member)) for member in _SHOWN),
        ),
    )
