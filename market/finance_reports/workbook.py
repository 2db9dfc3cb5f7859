"""Write a statement of accounts as a workbook (XLSX, 电子表格): the same statement, the same bytes.

Amounts stand in yuan as numbers, so that a treasurer can go on calculating with them; what a
double can not hold to the fen stands as text. Every time in the file is the statement's last day.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import xlsxwriter

from market.finance_reports import words
from settlement.money import yuan
from settlement.statements.model import Statement

_FEN_EXACT: Final = 10**15
_FEN_PER_YUAN: Final = 100
_WIDTHS: Final = (18, 16, 20, 40, 18, 18, 18, 18, 18, 40)


class Money(int):
    """An amount in fen that is written in yuan."""


Cell = str | int | Money | None
Rows = Iterable[Sequence[Cell]]


def workbook(told: Statement) -> bytes:
    """Return the statement as XLSX: what it comes to, its lines, its divisions, its purposes."""
    title = f"{words.side(told.side, 'zh')} {told.period}"
    sheets = {"概况": _summary(told, title)}
    if told.accounts:
        sheets["账户明细"] = _lines(told)
    if told.sales:
        sheets["分账明细"] = _sales(told)
    if told.purposes:
        sheets["科目余额"] = _purposes(told)
    return written(title, told.last_day, sheets)


def written(title: str, on: dt.date, sheets: Mapping[str, Rows]) -> bytes:
    """Return sheets as XLSX, in their order; the same rows of the same day are the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": title, "created": dt.datetime.combine(on, dt.time(0))})
    formats = {
        "bold": book.add_format({"bold": True}),
        "money": book.add_format({"num_format": "#,##0.00"}),
    }
    for name, rows in sheets.items():
        _sheet(book, formats, name, rows)
    book.close()
    return out.getvalue()


def _summary(told: Statement, title: str) -> Rows:
    yield (title, words.side(told.side, "en"))
    yield ("账簿 Book", words.book(told.book, "zh"))
    yield ("期间 Period", f"{told.first_day} — {told.last_day}")
    if told.party_id is not None:
        yield ("主体 Party", told.party_name, str(told.party_id))
    yield ("期初余额 Opening", Money(told.opening_fen))
    yield ("本期转出 Debits", Money(told.debits_fen))
    yield ("本期转入 Credits", Money(told.credits_fen))
    yield ("期末余额 Closing", Money(told.closing_fen))
    yield ("链尾 Chain head", told.chain_head)
    yield ()
    yield ("业务 Kind", "", "笔数 Entries", "金额 Amount")
    for each in told.kinds:
        yield (
            words.kind(each.kind, "zh"),
            words.kind(each.kind, "en"),
            each.entries,
            Money(each.amount_fen),
        )


def _lines(told: Statement) -> Rows:
    yield (
        "科目 Purpose", "凭证号 Voucher", "日期 Date", "订单 Order", "业务 Kind",
        "转出 Debit", "转入 Credit", "余额 Balance", "", "分录 Entry",
    )  # fmt: skip
    for account in told.accounts:
        name = words.purpose(account.purpose, "zh")
        yield (name, "", "", "", "期初 Opening", None, None, Money(account.opening_fen))
        for line in account.lines:
            debit = Money(-line.amount_fen) if line.amount_fen < 0 else None
            credit = Money(line.amount_fen) if line.amount_fen > 0 else None
            yield (
                name,
                line.voucher,
                str(line.value_on),
                str(line.order_id or ""),
                words.kind(line.kind, "zh"),
                debit,
                credit,
                Money(line.balance_fen),
                "",
                str(line.key),
            )
        yield (
            name,
            "",
            "",
            "",
            "期末 Closing",
            Money(account.debits_fen),
            Money(account.credits_fen),
            Money(account.closing_fen),
        )


def _sales(told: Statement) -> Rows:
    yield (
        "凭证号 Voucher", "日期 Date", "", "订单 Order", "价税合计 Gross", "本方 Own",
        "平台费 Platform", "其中税额 Tax", "国库 Treasury", "其他方 Others",
    )  # fmt: skip
    for sale in told.sales:
        yield (sale.voucher, str(sale.value_on), "", str(sale.order_id or ""), *_shares(sale))
    totals = (Money(sum(getattr(sale, member) for sale in told.sales)) for member in _SHARES)
    yield ("合计 Total", "", "", "", *totals)


_SHARES: Final = (
    "gross_fen", "own_fen", "platform_fee_fen", "tax_fen", "treasury_fen", "others_fen",
)  # fmt: skip


def _shares(sale: Any) -> Iterable[Money]:
    return (Money(getattr(sale, member)) for member in _SHARES)


def _purposes(told: Statement) -> Rows:
    yield (
        "科目 Purpose", "账户数 Accounts", "", "", "期初 Opening", "借方 Debits", "贷方 Credits",
        "期末 Closing",
    )  # fmt: skip
    for each in told.purposes:
        yield (
            words.purpose(each.purpose, "zh"),
            each.accounts,
            "",
            "",
            Money(each.opening_fen),
            Money(each.debits_fen),
            Money(each.credits_fen),
            Money(each.closing_fen),
        )
    yield (
        "合计 Total",
        sum(each.accounts for each in told.purposes),
        "",
        "",
        Money(told.opening_fen),
        Money(told.debits_fen),
        Money(told.credits_fen),
        Money(told.closing_fen),
    )


def _sheet(book: Any, formats: dict[str, Any], name: str, rows: Rows) -> None:
    sheet = book.add_worksheet(name)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            _put(sheet, formats, row, column, cell)


def _put(sheet: Any, formats: dict[str, Any], row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, Money) and abs(cell) < _FEN_EXACT:
        sheet.write_number(row, column, int(cell) / _FEN_PER_YUAN, formats["money"])
    elif isinstance(cell, Money):
        sheet.write_string(row, column, yuan(cell))
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell:
        sheet.write_string(row, column, cell, formats["bold"] if row == 0 else None)
