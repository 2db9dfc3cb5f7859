"""Read CSV: which separator, which names, row by row (CSV)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from catalog.tables.lines import encoding_of, lines_of
from catalog.tables.model import Format, Row, Table, TableEmpty, TableUnreadable, checked_header

MAX_FIELD: Final = 131_072  # [P] characters; a quotation mark that is never closed ends here
_SEPARATORS: Final = ",\t;|"


def read_csv(head: bytes, source: BinaryIO) -> Table:
    """Return a table of comma-separated values, or of values separated by a tab, ``;`` or ``|``.

    :raises TableEmpty: if there is no line.
    :raises TableHeaderInvalid: if the first line does not name the columns.
    :raises TableUnreadable: while rows are read: at the first that is none, by its ``row``.
    """
    encoding = encoding_of(head)
    lines = lines_of(head, source, encoding)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise TableEmpty
    delimiter = separator_of(first)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(_from(first, lines), delimiter=delimiter, strict=True)
    try:
        columns = checked_header(next(reader))
    except csv.Error as error:
        raise TableUnreadable(row=1, reason=str(error)) from error
    return Table(
        format=Format.CSV,
        columns=columns,
        rows=_rows(reader),
        encoding=encoding,
        delimiter=delimiter,
    )


def separator_of(line: str) -> str:
    """Return what separates the values of a line: what stands most often outside quotation marks."""
    bare = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=bare.count)


def _from(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _rows(reader: Any) -> Iterator[Row]:
    number = 1
    try:
        for values in reader:
            number += 1
            if values:  # an empty line is no row
                yield Row(number, values)
    except csv.Error as error:
        raise TableUnreadable(row=number + 1, reason=str(error)) from error
