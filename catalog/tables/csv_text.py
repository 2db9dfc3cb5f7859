"""Read CSV: which separator, which names, row by row (CSV)."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from catalog.tables.header import IsHeader, find_header
from catalog.tables.lines import encoding_of, lines_of
from catalog.tables.model import (
    Format,
    Row,
    Table,
    TableEmpty,
    TableUnreadable,
    checked_header,
)

MAX_FIELD: Final = 131_072  # [P] characters; a quotation mark that is never closed ends here
_SEPARATORS: Final = ",\t;|"
#: A spreadsheet's own way to say which separator follows; it shows no such row.
_SAYS_SEPARATOR: Final = re.compile(r"sep=(.)\n", re.IGNORECASE)


def read_csv(head: bytes, source: BinaryIO, is_header: IsHeader | None = None) -> Table:
    """Return a table of comma-separated values, or of values separated by a tab, ``;`` or ``|``.

    :raises TableEmpty: if there is no line.
    :raises TableHeaderInvalid: if the first line does not name the columns.
    :raises TableUnreadable: while rows are read: at the first that is none, by its ``row``.
    """
    encoding = encoding_of(head)
    lines = lines_of(head, source, encoding)
    first = next(lines, "")
    said = _SAYS_SEPARATOR.fullmatch(first.removeprefix("\ufeff"))
    if said is not None:
        first = next(lines, "")
    begun = [first]
    while not begun[-1].strip() and begun[-1]:
        begun.append(next(lines, ""))
    if not begun[-1]:
        raise TableEmpty
    delimiter = said[1] if said is not None else separator_of(begun[-1])
    rows = _rows(itertools.chain(begun, lines), delimiter)
    header, rest = find_header(rows, is_header)
    names = [str(value) for value in header.values]
    while not names[-1].strip():
        names.pop()
    return Table(
        format=Format.CSV,
        columns=checked_header(names, row=header.number),
        rows=rest,
        encoding=encoding,
        delimiter=delimiter,
        header_row=header.number,
    )


def separator_of(line: str) -> str:
    """Return what separates the values of a line: what stands most often outside quotation marks."""
    bare = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=bare.count)


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Yield the rows by the number that a spreadsheet shows beside them; an empty line is none."""
    csv.field_size_limit(MAX_FIELD)
    number = 0
    try:
        for values in csv.reader(lines, delimiter=delimiter, strict=True):
            number += 1
            if values:
                yield Row(number, values)
    except csv.Error as error:
        raise TableUnreadable(row=number + 1, reason=str(error)) from error
