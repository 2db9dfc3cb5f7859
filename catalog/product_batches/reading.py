"""Read a file of products line by line, in a process apart (隔离读取)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from catalog.formats import reading_dcat
from catalog.formats.dcat import JSON_LD, TURTLE
from catalog.kernel.caged import MEBIBYTE, Limits, Task, by_code
from catalog.kernel.errors import Invalid
from catalog.product_batches import foreign
from catalog.product_batches.cells import is_comment
from catalog.product_batches.columns import is_header
from catalog.product_batches.kinds import MAX_BYTES, TABLES
from catalog.product_batches.model import Kind, Line
from catalog.tables import json_text, workbook
from catalog.tables.header import is_blank
from catalog.tables.model import Format, Table, TableUnreadable
from catalog.tables.reading import REFUSALS as TABLE_REFUSALS
from catalog.tables.reading import open_table

MAX_ROWS: Final = 50_000  # [P] at a thousand rows a second a batch is done within a minute or two
_FORMATS: Final = {
    Kind.CSV: Format.CSV,
    Kind.XLSX: Format.XLSX,
    Kind.JSONL: Format.JSONL,
    Kind.JSON: Format.JSON,
}


class BatchKindContradicts(Invalid):
    """The file is of another kind than was said (内容与类型不符)."""

    code = "product_batch_kind_contradicts"


class BatchTooLong(Invalid):
    """The file has more rows than are taken at once."""

    code = "product_batch_too_long"


class Given(msgspec.Struct, frozen=True):
    """What the process apart is told of the file."""

    kind: Kind
    file_name: str


def lines(given: Given, source: BinaryIO) -> Iterator[Line]:
    """Yield the rows of a file; of a table, first the names of its columns.

    :raises DomainError: one of the task's refusals.
    """
    count = 0
    for line in _READERS.get(given.kind, _rows)(given, source):
        count += line.columns is None
        if count > MAX_ROWS:
            raise BatchTooLong(maximum=MAX_ROWS)
        yield line


def _rows(given: Given, source: BinaryIO) -> Iterator[Line]:
    table = open_table(source, file_name=given.file_name, is_header=is_header)
    if table.format is not _FORMATS[given.kind]:
        raise BatchKindContradicts(named=given.kind.value, found=table.format.value)
    is_table = given.kind in TABLES
    if is_table:
        yield Line(line=table.header_row, columns=tuple(table.columns))
    for row in table.rows:
        if is_table and is_blank(row.values):
            continue  # a spreadsheet writes as many as were ever touched
        cells = _cells(table, row.values)
        if not (is_table and is_comment(cells)):
            surplus = sum(not is_blank([value]) for value in row.values[len(table.columns) :])
            yield Line(line=row.number, cells=cells, surplus=surplus)


def _cells(table: Table, values: list[Any]) -> dict[str, Any]:
    named = zip(table.columns, values, strict=False)
    return {name: value for name, value in named if value not in (None, "")}


def _dcat(given: Given, source: BinaryIO) -> Iterator[Line]:
    media_type = JSON_LD if given.kind is Kind.DCAT_JSON_LD else TURTLE
    page = reading_dcat.read(_whole(given, source), media_type, source="batch")
    for number, record in enumerate(page.records, start=1):
        yield Line(line=number, cells=msgspec.to_builtins(record))
    for number, skipped in enumerate(page.skipped, start=len(page.records) + 1):
        yield Line(line=number, cells={"id": skipped.name}, skipped=skipped.reason)


def _ckan(given: Given, source: BinaryIO) -> Iterator[Line]:
    try:
        text = _whole(given, source).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableUnreadable(row=1, reason="not_utf_8") from error
    for number, package in enumerate(foreign.packages(json_text.parsed(text, 1)), start=1):
        yield Line(line=number, cells=foreign.record_of_package(package))


def _whole(given: Given, source: BinaryIO) -> bytes:
    return source.read(MAX_BYTES[given.kind])


_READERS: Final = {Kind.DCAT_JSON_LD: _dcat, Kind.DCAT_TURTLE: _dcat, Kind.CKAN: _ckan}
_OWN: Final = by_code(
    BatchKindContradicts,
    BatchTooLong,
    foreign.PackageListUnreadable,
    reading_dcat.CatalogueUnreadable,
    reading_dcat.ContextRemote,
)
_REFUSALS: Final[Mapping[str, Any]] = {**TABLE_REFUSALS, **_OWN}

LINES: Final = Task(
    where="catalog.product_batches.reading:LINES",
    given=Given,
    line=Line,
    work=lines,
    refusals=_REFUSALS,
    unreadable=TableUnreadable,
    # [P] a product may be said in some hundred thousand characters; a graph of 8 MB takes a minute.
    limits=Limits(
        cpu_seconds=90, memory_bytes=768 * MEBIBYTE, seconds=180.0, longest_line=4 * MEBIBYTE
    ),
    loads=(
        workbook.READER,
        "rdflib",
        "rdflib.plugins.parsers.notation3",
        "rdflib.plugins.parsers.jsonld",
    ),
)
