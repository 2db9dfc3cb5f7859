"""The list of responsibilities as a table: read by spreadsheets, run by none."""

from __future__ import annotations

import csv
import io
from typing import Any

from catalog.kernel.ids import new_id
from market.responsibility.model import Line
from market.responsibility.table import csv_of


def line(**changes: Any) -> Line:
    values: dict[str, Any] = {
        "department": "省气象局",
        "product_id": new_id(),
        "title": "逐小时降水",
        "provider": "省气象局",
        "sharing_type": "unconditional",
        "sharing_condition": "",
        "is_open": True,
        "licence": "CC-BY-4.0",
        "level": "general",
        "update_mechanism": "逐小时汇交",
        "update_cycle": "hourly",
        "quality_standard": "GB/T 36344",
        "usage_method": "下载",
    }
    return Line(**(values | changes))


def read(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def test_a_line_is_a_row_under_the_names_of_its_columns() -> None:
    header, row = read(csv_of([line(is_open=False, licence=None)]))

    assert header[:3] == ["责任部门 department", "数据名称 title", "提供方 provider"]
    assert row[:4] == ["省气象局", "逐小时降水", "省气象局", "unconditional"]
    assert row[5:7] == ["否", ""]
    assert read(csv_of([line()]))[1][5:7] == ["是", "CC-BY-4.0"]


def test_nothing_begins_a_formula() -> None:
    row = read(csv_of([line(title='=HYPERLINK("x")', sharing_condition="-1", usage_method="@x")]))[
        1
    ]

    assert [row[1], row[4], row[11]] == ['\'=HYPERLINK("x")', "'-1", "'@x"]
