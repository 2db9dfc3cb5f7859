"""Write the list as a table that spreadsheets read and none of them runs (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from market.responsibility.model import Line

_COLUMNS: Final = {
    "department": "责任部门",
    "title": "数据名称",
    "provider": "提供方",
    "sharing_type": "共享类型",
    "sharing_condition": "共享条件",
    "is_open": "是否开放",
    "licence": "开放许可",
    "level": "数据级别",
    "update_mechanism": "更新机制",
    "update_cycle": "更新周期",
    "quality_standard": "质量标准",
    "usage_method": "使用方法",
    "product_id": "标识",
}
# What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
# Without it a spreadsheet does not read the Chinese.
_BYTE_ORDER_MARK: Final = "\ufeff"


def csv_of(lines: Iterable[Line]) -> bytes:
    """Return the table, a line a row, with the names of its columns in both tongues first."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([f"{zh} {name}" for name, zh in _COLUMNS.items()])
    rows.writerows([_cell(getattr(line, name)) for name in _COLUMNS] for line in lines)
    return f"{_BYTE_ORDER_MARK}{text.getvalue()}".encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
