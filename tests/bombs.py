"""Files made to hurt whoever reads them, from a seed: for tests of readers and of the whole service."""

from __future__ import annotations

import io
import itertools
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

import xlsxwriter

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(rows: list[list[object]], *, hidden_first: bool = False) -> bytes:
    """Return an honest workbook."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    if hidden_first:
        book.add_worksheet("hidden").hide()
        sheet = book.add_worksheet("data")
        sheet.activate()
        sheet.set_first_sheet()
    else:
        sheet = book.add_worksheet("data")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if hasattr(value, "isoformat"):
                sheet.write_datetime(number, column, value, day)
            else:
                sheet.write(number, column, value)
    book.close()
    return out.getvalue()


def archive(entries: dict[str, bytes], *, level: int = 9) -> bytes:
    """Return a ZIP archive of these entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return out.getvalue()


def changed(raw: bytes, entries: dict[str, bytes]) -> bytes:
    """Return a workbook with entries put in, or in the place of others."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        kept = {each.filename: packed.read(each) for each in packed.infolist()}
    return archive(kept | entries)


def sheet(cells: Iterator[str]) -> bytes:
    """Return a worksheet of cells as they are given."""
    body = "".join(cells)
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'.encode()


def bare_workbook(sheet_: bytes) -> bytes:
    """Return a workbook of one given worksheet."""
    return changed(workbook([["a"]]), {"xl/worksheets/sheet1.xml": sheet_})


def wide_workbook() -> bytes:
    """Return a workbook of two cells, as far apart as they can be: 17 billion cells if it is believed."""
    return bare_workbook(
        sheet(
            iter(
                [
                    '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"/></row>'
                ]
            )
        )
    )


def heavy_workbook(kilobytes: int) -> bytes:
    """Return an honest-looking workbook of some kilobytes: a million cells in 120 of them."""
    columns, rows = 40, kilobytes * 223
    cells = "<c><v>1</v></c>" * columns
    names = "".join(f'<c t="str"><v>c{n}</v></c>' for n in range(columns))
    return bare_workbook(
        sheet(
            itertools.chain(
                [f'<row r="1">{names}</row>'],
                (f'<row r="{n}">{cells}</row>' for n in range(2, rows)),
            )
        )
    )


def zeros(megabytes: int) -> bytes:
    """Return a workbook whose sheet is nothing but zeros: a thousand times larger than it looks."""
    return bare_workbook(b"0" * megabytes * 1024 * 1024)


def endless_line(size: int) -> Iterator[bytes]:
    """Yield a CSV file with one line of so many bytes."""
    yield b"name,value\n1,"
    part = b"x" * 65_536
    for _ in range(size // len(part)):
        yield part


def deep_json(depth: int) -> bytes:
    """Return JSON in which brackets lie in brackets."""
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


def corpus() -> dict[str, Callable[[], bytes]]:
    """Return all of them that fit into memory, by name; each is made when it is called."""
    plain = workbook([["a", "b"], [1, 2]])
    return {
        "zip_of_zeros.xlsx": lambda: zeros(100),
        "zip_in_zip.xlsx": lambda: changed(plain, {"xl/inner.zip": archive({"a": b"0" * 10**6})}),
        "zip_disguised.xlsx": lambda: changed(plain, {"xl/media/a.png": archive({"a": b"0"})}),
        "not_a_workbook.xlsx": lambda: archive({"a.txt": b"a,b\n1,2\n"}),
        "many_entries.xlsx": lambda: archive({f"xl/{n}.xml": b"" for n in range(2000)}),
        "climbing.xlsx": lambda: changed(plain, {"../../etc/passwd.xml": b"<x/>"}),
        "macros.xlsx": lambda: changed(plain, {"xl/vbaProject.bin": b"\0" * 100}),
        "outside.xlsx": lambda: changed(plain, {"xl/externalLinks/externalLink1.xml": b"<x/>"}),
        "entities.xlsx": lambda: changed(
            plain, {"xl/sharedStrings.xml": b'<!DOCTYPE l [<!ENTITY a "aaaa">]><sst>&a;</sst>'}
        ),
        "wide.xlsx": wide_workbook,
        "heavy_120_kB.xlsx": lambda: heavy_workbook(120),
        "cut_short.xlsx": lambda: plain[: len(plain) // 2],
        "long_line_5_MB.csv": lambda: b"".join(endless_line(5 * 1024 * 1024)),
        "open_quote.csv": lambda: b'a,b\n"' + b"x,\n" * 2_000_000,
        "many_columns.csv": lambda: b",".join(b"c%d" % n for n in range(100_000)),
        "deep.json": lambda: deep_json(100_000),
        "deep_a_little.json": lambda: deep_json(40),
        "long_list.json": lambda: b"[" + b'{"a":1},' * 3_000_000 + b"{}]",
        "long_number.json": lambda: b'{"a":' + b"9" * 100_000 + b"}",
        "many_keys.jsonl": lambda: json.dumps({f"k{n}": n for n in range(50_000)}).encode(),
        "pdf_and_csv.csv": lambda: b"%PDF-1.7\na,b\n1,2\n",
        "csv_and_zip.csv": lambda: b"a,b\n1,2\n" + plain,
        "program.csv": lambda: b"\x7fELF" + b"\0" * 1000,
        "page.csv": lambda: b"<html><script>alert(1)</script></html>",
        "csv_named.xlsx": lambda: b"a,b\n1,2\n",
        "workbook_named.csv": lambda: plain,
        "parquet.parquet": lambda: b"PAR1" + b"\0" * 100 + b"PAR1",
        "bytes.csv": lambda: random.Random(7).randbytes(100_000),
    }
