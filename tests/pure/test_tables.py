"""Tables are read out of CSV, workbooks and JSON; what was made to hurt is refused by name, and early."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.tables import archive, json_text, kinds, lines, model
from catalog.tables.model import Format, Table
from catalog.tables.reading import REFUSALS, open_table
from market.http.wording import words
from tests import bombs


def opened(raw: bytes, name: str = "") -> Table:
    return open_table(io.BytesIO(raw), file_name=name)


def rows(raw: bytes, name: str = "") -> list[tuple[int, list[Any]]]:
    return [(row.number, row.values) for row in opened(raw, name).rows]


def refusal(raw: bytes, name: str = "") -> DomainError:
    with pytest.raises(DomainError) as refused:
        rows(raw, name)
    assert refused.value.code in REFUSALS
    return refused.value


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_csv_is_read_in_its_own_encoding_and_with_its_own_separator(
    encoding: str, told: str, separator: str
) -> None:
    text = f"姓名{separator}城市\r\n张三{separator}海口\n\n李四{separator}三亚"

    table = opened(text.encode(encoding), "a.csv")

    assert (table.format, table.encoding, table.delimiter) == (Format.CSV, told, separator)
    assert table.columns == ["姓名", "城市"]
    assert [(row.number, row.values) for row in table.rows] == [
        (2, ["张三", "海口"]),
        (4, ["李四", "三亚"]),
    ]


def test_a_mark_of_utf_8_before_what_is_none_is_not_believed() -> None:
    raw = b"\xef\xbb\xbf" + "姓名,城市\n张三,海口\n".encode("gb18030")

    assert opened(raw).columns == ["姓名", "城市"]
    assert isinstance(refusal(b"\xef\xbb\xbfa,b\n\xff\xff\n"), lines.TableNotText)


def test_text_that_begins_without_chinese_may_go_on_in_gb_18030() -> None:
    plain = b"a,b\n" + b"1,2\n" * 20_000
    cut = plain + b"," * (-(len(plain) + 1) % (64 * 1024))  # a character lies across two parts

    assert rows(plain + "张三,海口\n".encode("gb18030"))[-1] == (20_002, ["张三", "海口"])
    assert rows(cut + "张三\n".encode("gb18030"))[-1][1][-1] == "张三"
    assert isinstance(refusal("城,b\n".encode() + plain + b"\xd5\xc5\n"), lines.TableNotText)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them_and_blank_ones_are_counted(end: str) -> None:
    assert rows(end.join(["", " ", "a,b", "1,2", "", "3,4"]).encode()) == [
        (4, ["1", "2"]),
        (6, ["3", "4"]),
    ]
    assert rows(b"a,b\r\n1,2\n3,4\r5,6\r") == [(2, ["1", "2"]), (3, ["3", "4"]), (4, ["5", "6"])]


def test_what_a_spreadsheet_says_of_its_separator_is_heeded_and_no_row() -> None:
    table = opened("sep=;\r\n名称;说明\r\n甲;a,b,c\r\n".encode("utf-8-sig"))

    assert (table.columns, table.delimiter) == (["名称", "说明"], ";")
    assert [(row.number, row.values) for row in table.rows] == [(2, ["甲", "a,b,c"])]
    assert isinstance(refusal(b"sep=;\n"), model.TableEmpty)


def test_columns_that_a_spreadsheet_only_touched_are_none() -> None:
    assert opened(b"a,b, ,\n1,2,,\n").columns == ["a", "b"]


def named(names: Sequence[str]) -> bool:
    return "编号" in names


def test_a_title_above_the_columns_is_passed_over_if_one_knows_the_columns() -> None:
    raw = "数据产品清单,,\n填报单位：甲,,\n编号,名称,\n1,水,\n".encode()
    book = bombs.workbook([["数据产品清单"], [], ["编号", "名称"], [1, "水"]])

    for written in (raw, book):
        table = open_table(io.BytesIO(written), is_header=named)
        assert (table.columns, table.header_row) == (["编号", "名称"], 3)
        assert [(row.number, [str(value) for value in row.values[:2]]) for row in table.rows] == [
            (4, ["1", "水"])
        ]
    first = open_table(io.BytesIO(b",\na,b\n1,2\n"), is_header=named)
    assert (first.columns, first.header_row) == (["a", "b"], 2)


def test_the_sheet_whose_row_names_the_columns_is_read() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("说明").write_row(0, 0, ["填写说明"])
        book.add_worksheet("产品").write_row(0, 0, ["编号", "名称"])

    assert open_table(io.BytesIO(out.getvalue()), is_header=named).sheet == "产品"
    assert open_table(io.BytesIO(out.getvalue())).sheet == "说明"
    neither = open_table(io.BytesIO(out.getvalue()), is_header=lambda _: False)
    assert neither.sheet == "说明"


@pytest.mark.parametrize("value", ["<v />", "<v></v>", ""])
def test_a_formula_that_nobody_computed_is_refused_and_not_read_as_nothing(value: str) -> None:
    raw = bombs.workbook([["a", "b"], [1, 2]])
    sheet = _entry(raw, "xl/worksheets/sheet1.xml")
    cell = rb'<c r="B2"><v>2</v></c>'
    assert cell in sheet

    def changed(to: str) -> bytes:
        return bombs.changed(raw, {"xl/worksheets/sheet1.xml": sheet.replace(cell, to.encode())})

    refused = refusal(changed(f'<c r="B2" s="1"><f>A2*2</f>{value}</c>'))
    assert (refused.code, refused.facts["cell"]) == ("workbook_formula_uncomputed", "B2")
    assert rows(changed('<c r="B2"><f>A2*2</f><v>2</v></c>')) == [(2, [1, 2])]
    assert rows(changed('<c r="B2" t="str"><f>""</f><v></v></c>')) == [(2, [1, None])]


def test_json_is_named_by_the_line_on_which_it_is_wrong() -> None:
    assert refusal(b'[\n{"a": 1},\n{"a": }\n]').facts["row"] == 3
    assert refusal(b'{"a": 1}\n\n{"a": }\n').facts["row"] == 3


def test_values_in_quotation_marks_may_hold_separators_and_line_breaks() -> None:
    assert rows(b'"a,x";b\n"1\n2";"3;4"\n') == [(2, ["1\n2", "3;4"])]


def test_a_row_too_short_or_long_is_handed_on_as_it_is() -> None:
    assert rows(b"a,b\n1\n1,2,3\n") == [(2, ["1"]), (3, ["1", "2", "3"])]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
    )
)
def test_whatever_was_written_as_csv_is_read(values: list[list[str]]) -> None:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    writer.writerows(values)

    assert [found for _, found in rows(out.getvalue().encode())] == values


@pytest.mark.parametrize(
    ("raw", "facts"),
    [
        (b"a,,c\n", {"row": 1, "column": 2, "reason": "name_missing"}),
        (b"\n\na,b,a\n", {"row": 3, "column": 3, "reason": "name_doubled"}),
        (b"a," + b"x" * 300 + b"\n", {"row": 1, "column": 2, "reason": "name_too_long"}),
        (
            b",".join(b"%d" % n for n in range(1001)),
            {"row": 1, "column": 1001, "reason": "too_many_columns"},
        ),
        (b'{"": 1}', {"row": 1, "column": 1, "reason": "name_or_number"}),
    ],
)
def test_columns_without_names_of_their_own_are_refused(raw: bytes, facts: dict[str, Any]) -> None:
    refused = refusal(raw)

    assert isinstance(refused, model.TableHeaderInvalid)
    assert refused.facts == facts


@pytest.mark.parametrize("raw", [b"", b"  \n\n", b"\xef\xbb\xbf\n\n "])
def test_a_file_without_a_row_is_no_table(raw: bytes) -> None:
    assert isinstance(refusal(raw), model.TableEmpty)


def test_a_line_that_does_not_end_is_refused_when_it_is_too_long_and_not_at_its_end() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            assert self.given < 4 * 1024 * 1024, "it went on reading"
            return b"x" * size if self.given > size else b"a,b\n1,".ljust(size, b"x")

    with pytest.raises(model.TableLineTooLong) as refused:
        list(open_table(Endless()).rows)  # type: ignore[arg-type]

    assert refused.value.facts == {"line": 2, "maximum": model.MAX_LINE}
    whole = b"a,b\n" + b"x" * (model.MAX_LINE + 10) + b"\n"
    assert isinstance(refusal(whole), model.TableLineTooLong)


def test_a_line_that_ends_too_late_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 10)

    assert refusal(b"a,b\n0123456789012\n").facts == {"line": 2, "maximum": 10}


@pytest.mark.parametrize(
    "raw",
    [
        b"a,b\n" + b"1,2\n" * 20_000 + b"\xff\xff\n",
        b"a,b\r\n" + b"1,2\r" * 20_000 + b"\xff\xff\r",
        b"a,b\n" + b"1,2\n" * 20_000 + b"1,\0\n",
    ],
)
def test_bytes_that_are_no_text_are_named_by_their_line(raw: bytes) -> None:
    refused = refusal(raw)

    assert isinstance(refused, lines.TableNotText)
    assert refused.facts["line"] == 20_002


def test_a_quotation_mark_that_is_never_closed_or_stands_wrong_is_named_by_its_row() -> None:
    never = refusal(b"a,b\n1,2\n" + b'"x\n' + b"y\n" * 100_000)
    wrong = refusal(b'a,b\n1,2\n"x"y,2\n')

    assert (never.code, never.facts["row"]) == ("table_unreadable", 3)
    assert (wrong.code, wrong.facts["row"]) == ("table_unreadable", 3)
    assert refusal(b'"a"x,b\n').facts["row"] == 1


def test_json_lines_grow_columns_as_they_come() -> None:
    table = opened('{"a": 1, "b": null}\n\n{"c": "三", "a": 2.5}\n'.encode(), "x.jsonl")

    assert [(row.number, row.values) for row in table.rows] == [
        (1, [1, None]),
        (3, [2.5, None, "三"]),
    ]
    assert (table.columns, table.format) == (["a", "b", "c"], Format.JSONL)


def test_a_list_of_objects_is_a_table() -> None:
    table = opened(b'\xef\xbb\xbf[{"a": {"b": [1]}}, {"a": true}]', "x.json")

    assert [row.values for row in table.rows] == [[{"b": [1]}], [True]]
    assert table.format is Format.JSON


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (b'{"a": 1}\n[1]\n', 2),
        (b'{"a": 1}\n{"a": 1, "a": 2}\n', 2),
        (b'{"a": NaN}\n', 1),
        (b'{"a": 1\n', 1),
        (b'{"a": "\\u0000"}\n', 1),
        (b'{"a": ' + b"9" * 5000 + b"}\n", 1),
        (b"[1, 2]", 1),
        (b'[{"a": 1}, 2]', 2),
        (b"[\xff]", 1),
    ],
)
def test_what_is_no_object_is_named_by_its_row(raw: bytes, row: int) -> None:
    refused = refusal(raw)

    assert isinstance(refused, model.TableUnreadable)
    assert refused.facts["row"] == row


def test_json_is_measured_before_it_is_read() -> None:
    assert refusal(bombs.deep_json(32)).facts == {"row": 1, "maximum": 32}
    assert rows(bombs.deep_json(31))
    assert rows(b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"["}')
    assert isinstance(refusal(b"[" + b" " * json_text.MAX_LIST_BYTES), json_text.JsonListTooLarge)


@pytest.mark.parametrize(
    "raw", [b'{\n "rows": [{"a": 1}]\n}\n', b'{"x": 1,\n "y": 2}', b'{"rows": [\n{"a": 1}]}']
)
def test_one_document_over_many_lines_is_told_to_be_one(raw: bytes) -> None:
    assert refusal(raw, "x.json").facts == {"row": 1, "reason": "json_document"}
    assert "一个 JSON 文档" in words("table_unreadable", {"row": 1, "reason": "json_document"}).zh


def test_a_line_that_is_cut_short_is_told_as_it_was() -> None:
    cut = refusal(b'{"a": 1}\n{"a": \n', "x.jsonl")

    assert (cut.facts["row"], cut.facts["reason"]) == (2, "Expecting value")


def test_a_workbook_is_read_as_it_is_shown() -> None:
    raw = bombs.workbook(
        [
            ["城市", "人数", "比例", "日期", "at", ""],
            ["海口", 12, 1.5, dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 8, 30), ""],
            ["", "", "", "", "", ""],
            ["三亚", True, "", "", "", ""],
        ],
        hidden_first=True,
    )

    table = opened(raw, "x.xlsx")

    assert (table.format, table.sheet, table.other_sheets) == (Format.XLSX, "data", 0)
    assert table.columns == ["城市", "人数", "比例", "日期", "at"]
    assert [(row.number, row.values) for row in table.rows] == [
        (2, ["海口", 12, 1.5, "2026-03-01", "2026-03-01 08:30:00"]),
        (4, ["三亚", True, None, None, None]),
    ]


def test_what_is_beside_the_columns_is_not_lost() -> None:
    assert rows(bombs.workbook([["a", "b"], [1, 2, "x"]])) == [(2, [1, 2, "x"])]


def test_times_lengths_of_time_and_large_numbers_of_a_workbook_are_told_as_texts_or_numbers() -> (
    None
):
    from catalog.tables.workbook import _value

    assert _value(dt.time(8, 30)) == "08:30:00"
    assert _value(dt.datetime(2026, 3, 1, 8)) == "2026-03-01 08:00:00"
    assert _value(dt.timedelta(hours=30)) == "1 day, 6:00:00"
    assert _value(1e300) == 1e300
    assert _value(None) is None
    assert _value("a\0b") == "ab"


def test_a_link_of_a_cell_is_noted_and_does_no_harm() -> None:
    table = opened(bombs.workbook([["a"], ["http://example.org/"]]))

    assert table.notes == ("links",)


def test_a_picture_in_a_workbook_does_no_harm() -> None:
    raw = bombs.changed(bombs.workbook([["a"], [1]]), {"xl/media/a.png": b"\x89PNG"})

    assert rows(raw) == [(2, [1])]


def test_a_header_may_be_narrower_than_its_sheet() -> None:
    assert rows(bombs.workbook([["a", " "], [1, ""]])) == [(2, [1])]


def test_an_empty_workbook_and_one_that_shows_nothing_are_no_tables() -> None:
    assert isinstance(refusal(bombs.workbook([])), model.TableEmpty)
    shown = bombs.workbook([["a"]])
    hidden = bombs.changed(
        shown,
        {
            "xl/workbook.xml": re.sub(
                rb"<sheet ", b'<sheet state="hidden" ', _entry(shown, "xl/workbook.xml")
            )
        },
    )
    assert isinstance(refusal(hidden), model.TableEmpty)


def _entry(raw: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return packed.read(name)


REFUSED = {
    "zip_of_zeros.xlsx": ("workbook_archive_unsafe", "ratio"),
    "zip_in_zip.xlsx": ("workbook_archive_unsafe", "nested"),
    "zip_disguised.xlsx": ("workbook_archive_unsafe", "nested"),
    "not_a_workbook.xlsx": ("workbook_archive_unsafe", "not_a_workbook"),
    "many_entries.xlsx": ("workbook_archive_unsafe", "too_many_entries"),
    "climbing.xlsx": ("workbook_archive_unsafe", "path"),
    "macros.xlsx": ("workbook_has_macros", None),
    "outside.xlsx": ("workbook_refers_outside", None),
    "entities.xlsx": ("workbook_archive_unsafe", "doctype"),
    "wide.xlsx": ("workbook_too_large", None),
    "heavy_120_kB.xlsx": (None, None),  # honest in form: read, within the limits of the process
    "cut_short.xlsx": ("workbook_archive_unsafe", "not_an_archive"),
    "long_line_5_MB.csv": ("table_line_too_long", None),
    "open_quote.csv": ("table_unreadable", "field larger than field limit (131072)"),
    "many_columns.csv": ("table_header_invalid", "too_many_columns"),
    "deep.json": ("json_too_deep", None),
    "deep_a_little.json": ("json_too_deep", None),
    "long_list.json": ("json_list_too_large", None),
    "long_number.json": ("table_unreadable", None),
    "many_keys.jsonl": ("table_header_invalid", "name_or_number"),
    "pdf_and_csv.csv": ("table_kind_unsupported", None),
    "csv_and_zip.csv": ("table_kind_unsupported", None),
    "program.csv": ("table_kind_unsupported", None),
    "page.csv": ("table_kind_unsupported", None),
    "csv_named.xlsx": ("table_kind_contradicts", None),
    "workbook_named.csv": ("table_kind_contradicts", None),
    "parquet.parquet": ("table_kind_unsupported", None),
    "bytes.csv": ("table_kind_unsupported", None),
}


@pytest.mark.parametrize("name", bombs.corpus())
def test_what_was_made_to_hurt_is_refused_by_name(name: str) -> None:
    code, reason = REFUSED[name]
    raw = bombs.corpus()[name]()

    if code is None:
        assert len(rows(raw, name)) > 1000
        return
    refused = refusal(raw, name)
    assert refused.code == code
    if reason is not None:
        assert refused.facts["reason"] == reason


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"xl/A.xml": b"", "xl/a.xml": b""}, "doubled"),
        ({"/xl/a.xml": b""}, "path"),
        ({"xl/embeddings/a.bin": b"a"}, "nested"),
        ({"xl/a.xml": b"<!ENTITY x>"}, "doctype"),
    ],
)
def test_an_archive_that_is_odd_in_itself_is_refused(
    entries: dict[str, bytes], reason: str
) -> None:
    assert refusal(bombs.changed(bombs.workbook([["a"]]), entries)).facts["reason"] == reason


def test_an_archive_that_lies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = bombs.workbook([["a"], [1]])
    locked = bytearray(plain)
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        locked[locked.index(mark) + place] |= 1
    assert refusal(bytes(locked)).facts["reason"] == "encrypted"
    book = bombs.changed(plain, {"[Content_Types].xml": b"<x>application/macroEnabled</x>"})
    assert isinstance(refusal(book), archive.WorkbookHasMacros)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10)
    assert refusal(plain).facts["reason"] == "too_large"
    monkeypatch.undo()
    monkeypatch.setattr("catalog.tables.workbook.MAX_BYTES", 10)
    assert refusal(plain).facts["reason"] == "too_large"
    monkeypatch.undo()
    # Two entries over the same bytes: more packed bytes than there are.
    with zipfile.ZipFile(io.BytesIO(plain)) as packed:
        entries = packed.infolist()
    with pytest.raises(archive.WorkbookArchiveUnsafe) as refused:
        archive._check_entries(plain[:100], entries)
    assert refused.value.facts["reason"] == "overlapping"


def test_cells_that_do_not_say_where_they_are_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_CELLS", 5)

    refused = refusal(bombs.bare_workbook(bombs.sheet(iter(["<row><c><v>1</v></c></row>"] * 6))))

    assert (refused.code, refused.facts["cells"]) == ("workbook_too_large", 6)


def test_a_workbook_whose_parts_are_no_xml_is_unreadable() -> None:
    broken = bombs.changed(bombs.workbook([["a"]]), {"xl/workbook.xml": b"<nonsense"})

    assert refusal(broken).code in ("table_unreadable", "table_empty")
    locked = bombs.archive({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a></b>"})
    assert refusal(locked).code == "table_unreadable"
    large = bombs.changed(bombs.workbook([["a"]]), {"xl/theme/x.xml": b"<a>" + b"b" * 2_000_000})
    assert refusal(large).facts["reason"] == "ratio"


def test_what_a_file_is_called_has_to_be_what_it_is() -> None:
    assert kinds.format_of(b"a,b\n", "a.csv") is Format.CSV
    assert kinds.format_of(b"a,b\n", "a.unknown") is Format.CSV
    assert kinds.format_of(b'{"a":1}', "a.json") is Format.JSONL
    with pytest.raises(kinds.TableKindContradicts) as refused:
        kinds.format_of(b"[1]", "a.csv")
    assert refused.value.facts == {"named": "csv", "found": "json"}
