"""A workbook is the report once more, for people; the same report is the same bytes."""

from __future__ import annotations

import io

import msgspec
import openpyxl
import pytest
import python_calamine

from catalog.kernel.workdays import Calendar
from market.supervision import workbook as workbooks
from market.supervision.model import Column, Figure, Section, Table
from market.supervision.report import Told, compute, document, read_document
from market.supervision.workbook import SHEETS, workbook
from tests.makers_supervision import make_header, make_quarter


@pytest.fixture
def told(calendar: Calendar) -> Told:
    log = make_quarter()
    return read_document(document(compute(make_header(), log.facts, log.journal, calendar)))


def test_the_same_report_gives_the_same_bytes(told: Told) -> None:
    assert workbook(told) == workbook(msgspec.convert(msgspec.to_builtins(told), Told))


def test_a_workbook_opens_in_two_foreign_readers_with_chinese_sheets(told: Told) -> None:
    content = workbook(told)

    opened = openpyxl.load_workbook(io.BytesIO(content))
    other = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))

    names = [name for name, _ in SHEETS]
    assert opened.sheetnames == names
    assert other.sheet_names == names
    assert sorted(number for _, numbers in SHEETS for number in numbers) == list(range(1, 17))


def test_a_workbook_says_what_the_report_says(told: Told) -> None:
    opened = openpyxl.load_workbook(io.BytesIO(workbook(told)))

    cells = [
        tuple(cell.value for cell in row[:3]) for row in opened["市场与使用"].iter_rows(max_col=3)
    ]

    assert ("成交金额（分）", 10_001, "turnover_fen") in cells
    assert opened["概况"]["A1"].value == "2026年第1季度数据产品确权登记情况报告"
    assert opened.properties.created.isoformat() == "2026-04-02T10:00:00"


def test_a_text_is_never_a_formula_and_a_large_number_never_rounded(told: Told) -> None:
    nasty = Section(
        1,
        "x",
        "x",
        "x",
        ("HN-21",),
        figures=(
            Figure("formula", "=1+1", "x", '=HYPERLINK("http://x")'),
            Figure("large", "大", "x", 2**53 + 1),
        ),
    )
    changed = msgspec.structs.replace(told, sections=(nasty, *told.sections[1:]))

    sheet = openpyxl.load_workbook(io.BytesIO(workbook(changed)))["概况"]

    values = {row[0].value: row[1] for row in sheet.iter_rows(max_col=2)}
    assert values["=1+1"].value == '=HYPERLINK("http://x")'
    assert values["=1+1"].data_type == "s"
    assert values["大"].value == str(2**53 + 1)


def test_rows_that_no_sheet_can_hold_are_told_of(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "_ROWS_MAX", 2)
    long = Section(
        1,
        "x",
        "x",
        "x",
        (),
        tables=(Table("t", "表", "t", (Column("n", "数", "n"),), ((1,), (2,), (3,))),),
    )
    changed = msgspec.structs.replace(told, sections=(long, *told.sections[1:]))

    sheet = openpyxl.load_workbook(io.BytesIO(workbook(changed)))["概况"]

    assert [cell.value for cell in list(sheet.rows)[-1][:2]] == ["其余行数见报告 JSON", 1]
