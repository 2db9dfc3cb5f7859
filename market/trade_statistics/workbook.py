"""Write statistics of the trade as a workbook (XLSX): a sheet a dimension, and the control against the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from market.finance_reports import words
from market.finance_reports.workbook import Cell, Money, Rows, written
from market.trade_statistics import words as statistics_words
from market.trade_statistics.model import Dimension, Statistics, Sums, Table
from market.trade_statistics.words import MEMBERS, Names

#: A sheet's name is short, and some characters are not allowed in it.
_NAMES: Final = {
    Dimension.INDUSTRY: "按行业",
    Dimension.SCENARIO: "按场景",
    Dimension.REGION: "按区划",
    Dimension.MONTH: "按月份",
}


def workbook(told: Statistics, names: Names) -> bytes:
    """Return the statistics as XLSX; ``names`` are those of the codes as far as the trees have them."""
    title = f"交易统计 {told.period}"
    return written(title, told.last_day, {"概况": _summary(told, title)} | sheets(told, names))


def sheets(told: Statistics, names: Names) -> dict[str, Rows]:
    """Return a sheet a dimension, and the control against the ledger."""
    lines = {_NAMES[each.dimension]: _lines(each, told.totals, names) for each in told.tables}
    return lines | {"与账簿核对": _controls(told)}


def _summary(told: Statistics, title: str) -> Iterable[Sequence[Cell]]:
    yield (title, "Trade statistics")
    yield ("账簿 Book", words.book(told.book, "zh"))
    yield ("期间 Period", f"{told.first_day} — {told.last_day}")
    if told.supplier_party_id is not None:
        yield ("供方 Supplier", told.supplier_name, str(told.supplier_party_id))
    for name, (zh, en) in MEMBERS.items():
        yield (f"{zh} {en}", _cell(told.totals, name))
    yield ("链尾 Chain head", told.chain_head)


def _lines(table: Table, totals: Sums, names: Names) -> Iterable[Sequence[Cell]]:
    zh, en = statistics_words.DIMENSIONS[table.dimension]
    yield (f"{zh} {en}", "上级 Above", "", "", *(" ".join(each) for each in MEMBERS.values()))
    for line in table.lines:
        told = statistics_words.line(table.dimension, line, names, "zh")
        yield (told, line.above, "", "", *(_cell(line.sums, name) for name in MEMBERS))
    yield ("合计 Total", "", "", "", *(_cell(totals, name) for name in MEMBERS))


def _controls(told: Statistics) -> Iterable[Sequence[Cell]]:
    yield (
        "科目 Purpose", "", "", "", "统计借方 Debits", "统计贷方 Credits", "账簿借方 Ledger debits",
        "账簿贷方 Ledger credits", "差额 Difference",
    )  # fmt: skip
    for each in told.controls:
        difference = (each.debits_fen - each.ledger_debits_fen) + (
            each.credits_fen - each.ledger_credits_fen
        )
        yield (
            words.purpose(each.purpose, "zh"),
            "",
            "",
            "",
            Money(each.debits_fen),
            Money(each.credits_fen),
            Money(each.ledger_debits_fen),
            Money(each.ledger_credits_fen),
            Money(difference),
        )


def _cell(sums: Sums, name: str) -> Cell:
    value: int = getattr(sums, name)
    return value if name == "entries" else Money(value)
