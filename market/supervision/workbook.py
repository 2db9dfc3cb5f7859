"""Write a report as a workbook (XLSX, 电子表格): the same document, the same bytes.

Every time inside the file is the report's own ``generated_at``; the writer adds nothing of today.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, Final

import xlsxwriter

from catalog.kernel.local_time import SHANGHAI
from market.supervision.model import Section, Value
from market.supervision.report import Told

#: One sheet per group of sections.
SHEETS: Final = (
    ("概况", (1,)),
    ("登记", (2, 3, 4, 5, 6)),
    ("凭证与异议", (7, 8)),
    ("监控与机构", (9, 10)),
    ("市场与使用", (11, 12)),
    ("投诉与个人信息", (13, 14)),
    ("行业", (15,)),
    ("附件", (16,)),
)
#: What a cell holds of a text (ECMA-376); the annex's checkpoint is far shorter.
_CELL_MAX: Final = 32_767
#: A sheet holds 1,048,576 rows; a longer table stands whole in the JSON.
_ROWS_MAX: Final = 1_000_000
_DIGITS_EXACT: Final = 2**53


def workbook(told: Told) -> bytes:
    """Return the report as XLSX. Chinese first; the codes stand beside it for programs."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "constant_memory": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    header = told.header
    title = f"{header.year}年第{header.quarter}季度数据产品确权登记情况报告"
    book.set_properties(
        {
            "title": title,
            "author": header.operator.name,
            "created": _local(header.generated_at),
        }
    )
    bold = book.add_format({"bold": True})
    sections = {section.number: section for section in told.sections}
    for name, numbers in SHEETS:
        sheet = book.add_worksheet(name)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 9, 22)
        row = _put(sheet, 0, (title, f"第{header.version}版"), bold)
        for number in numbers:
            row = _section(sheet, row + 1, sections[number], bold)
    book.close()
    return out.getvalue()


def _section(sheet: Any, row: int, section: Section, bold: Any) -> int:
    heading = (f"{section.number}. {section.zh}", section.en, "、".join(section.rules))
    row = _put(sheet, row, heading, bold)
    for figure in section.figures:
        row = _put(sheet, row, (figure.zh, figure.value, figure.code))
    for table in section.tables:
        row = _put(sheet, row + 1, (table.zh, table.en), bold)
        row = _put(sheet, row, tuple(column.zh for column in table.columns), bold)
        row = _put(sheet, row, tuple(column.code for column in table.columns))
        for line in table.rows[:_ROWS_MAX]:
            row = _put(sheet, row, line)
        if len(table.rows) > _ROWS_MAX:
            row = _put(sheet, row, ("其余行数见报告 JSON", len(table.rows) - _ROWS_MAX))
    return row


def _put(sheet: Any, row: int, values: tuple[Value, ...], style: Any = None) -> int:
    for column, value in enumerate(values):
        # A cell's number is a double: what it can not hold exactly stands as text.
        if isinstance(value, int) and abs(value) < _DIGITS_EXACT:
            sheet.write_number(row, column, value, style)
        elif value is not None:
            sheet.write_string(row, column, str(value)[:_CELL_MAX], style)
    return row + 1


def _local(at: dt.datetime) -> dt.datetime:
    return at.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)
