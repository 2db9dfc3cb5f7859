"""Draw up an empty table to be filled in: columns, an example, what each list holds (模板)."""

from __future__ import annotations

import csv
import io
from typing import Final

import xlsxwriter

from catalog.product_batches.columns import COLUMNS, Column, Shape
from catalog.product_batches.vocabulary import NAMES

#: Further sources are told in columns like those of the first two.
_SHOWN_SOURCES: Final = ("sources/0/", "sources/1/")
_EXAMPLE: Final = {
    "key": "示例-001",
    "name": "港口作业气象风险指数（示例，请替换）",
    "form": "数据指标",
    "description": "按小时给出港口吊装与引航作业的大风、能见度和雷电风险等级。",
    "metering_unit": "条",
    "processing_statement": "对观测记录质量控制后，按作业类别计算小时风险等级。",
    "value_statement": "减少因恶劣天气停工的误判，保障作业安全。",
    "origin_path": "自有数据资源",
    "scenarios": "port_safety: 港口作业安全预警",
    "items": "hour|日期时间|时次||是\nrisk|整数|风险等级|级|是",
    "classification/scheme": "GB/T 43697",
    "classification/level": "一般数据",
    "classification/category": "行业数据",
    "data_nature": "企业数据",
    "update_cycle": "每小时",
    "delivery_modes": "调用接口；加工数据集",
    "industry_section": "G",
    "region": "海南",
    "region_code": "46",
    "keywords": "港口；气象",
    "conforms_to": "GB/T 36344-2018|信息技术 数据质量评价指标",
    "sources/0/name": "港口自动气象站观测记录",
    "sources/0/holder": "示例气象服务有限公司",
    "sources/0/nature": "企业数据",
    "sources/0/acquisition_method": "自行产生",
    "sources/0/legal_basis": "自有设备采集",
    "sources/0/classification_level": "一般数据",
}
_HINTS: Final = {
    Shape.FLAG: "是 / 否",
    Shape.DAY: "2026-01-31",
    Shape.WORDS: "多个以；分隔",
    Shape.SCENARIOS: "代码: 说明，每行一个",
    Shape.STANDARDS: "标准号-年代号|名称|网址，每行一项",
    Shape.ITEMS: "名称|类型|标题|单位|必填|敏感类型，每行一项",
}
_ROWS_WITH_LISTS: Final = 5000  # [P] rows that offer the values of a list
_SHEETS: Final = ("产品", "取值")


def shown() -> list[Column]:
    """Return the columns of the template."""
    return [
        column
        for column in COLUMNS
        if not column.path.startswith("sources/") or column.path.startswith(_SHOWN_SOURCES)
    ]


def as_csv() -> str:
    """Return the template as CSV; its rows that begin with ``#`` are left out when it is read."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow([column.label.zh for column in shown()])
    write.writerow(_hints())
    write.writerow([_EXAMPLE.get(column.path, "") for column in shown()])
    for column in shown():
        if column.kind is not None:
            values = "、".join(f"{zh} {value}" for value, (zh, _) in NAMES[column.kind].items())
            write.writerow([f"# {column.label.zh}：{values}"])
    return f"\ufeff{out.getvalue()}"


def as_xlsx() -> bytes:
    """Return the template as a workbook: cells of a list offer its values, the second sheet tells them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        head, plain = (
            book.add_format({"bold": True, "bg_color": "#DDEBF7"}),
            book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
        )
        hint = book.add_format({"italic": True, "font_color": "#808080"})
        sheet, values = (book.add_worksheet(name) for name in _SHEETS)
        sheet.freeze_panes(1, 2)
        for number, column in enumerate(shown()):
            sheet.set_column(number, number, 18, plain)
            sheet.write_string(0, number, column.label.zh, head)
            sheet.write_string(1, number, _hints()[number], hint)
            sheet.write_string(2, number, _EXAMPLE.get(column.path, ""), plain)
        place = 0
        for number, column in enumerate(shown()):
            if column.kind is None:
                continue
            names = NAMES[column.kind]
            values.write_string(0, place, column.label.zh, head)
            values.write_string(0, place + 1, column.path, head)
            for line, (value, (zh, _)) in enumerate(names.items(), start=1):
                values.write_string(line, place, zh)
                values.write_string(line, place + 1, value)
            if column.shape is Shape.VALUE:
                sheet.data_validation(
                    2,
                    number,
                    _ROWS_WITH_LISTS,
                    number,
                    {
                        "validate": "list",
                        "source": f"='{_SHEETS[1]}'!{_letters(place)}$2:{_letters(place)}${len(names) + 1}",
                        "error_type": "warning",
                    },
                )
            place += 2
    return out.getvalue()


def _hints() -> list[str]:
    first, *rest = (f"{column.path} {_HINTS.get(column.shape, '')}".strip() for column in shown())
    return [f"# {first}", *rest]


def _letters(place: int) -> str:
    """Return the absolute name of a column, as formulas write it."""
    name = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return f"${name}"
