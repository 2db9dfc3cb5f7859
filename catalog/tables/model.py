"""Say what a table is, whatever file it came in."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid

# [P] as many columns as a data dictionary may have items, twice: files have some that nobody describes.
MAX_COLUMNS: Final = 1000
MAX_NAME: Final = 200  # [P] twice what the name of an item may have
MAX_LINE: Final = 1024 * 1024  # [P] characters; an honest row has some hundreds


class Format(enum.StrEnum):
    """In which form the rows came."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"  # a JSON object on each line
    JSON = "json"  # one list of objects


class Row(msgspec.Struct, frozen=True):
    """One row: its number as people count (the header is row 1), and a value for each column.

    A CSV row may have more or fewer values than there are columns; who reads it decides what that
    means. Values are texts, or what JSON and workbooks know besides.
    """

    number: int
    values: list[Any]


class Table(msgspec.Struct, kw_only=True):
    """A table whose rows have not been read yet."""

    format: Format
    columns: list[str]  # grows while rows of JSON are read
    rows: Iterator[Row]
    encoding: str = "utf-8"
    delimiter: str = ""
    header_row: int = 1  # where the columns are named; a title may stand above
    sheet: str = ""
    other_sheets: int = 0
    notes: tuple[str, ...] = ()  # what an archive holds besides, and does no harm


class TableEmpty(Invalid):
    """There is no row in the file, not even one that names the columns."""

    code = "table_empty"


class TableHeaderInvalid(Invalid):
    """The row that should does not name each column, once."""

    code = "table_header_invalid"


class TableUnreadable(Invalid):
    """The file is of a known kind and can not be read."""

    code = "table_unreadable"


class TableLineTooLong(Invalid):
    """A line has more characters than any row has (疑似恶意文件)."""

    code = "table_line_too_long"


def checked_header(names: list[str], *, row: int = 1) -> list[str]:
    """Return the names of the columns without blanks around them; ``row`` is where they stand.

    :raises TableHeaderInvalid: if one is empty, too long or doubled, or there are too many.
    """
    stripped = [name.strip().strip("\ufeff") for name in names]
    if len(stripped) > MAX_COLUMNS:
        raise TableHeaderInvalid(row=row, column=len(stripped), reason="too_many_columns")
    seen: set[str] = set()
    for number, name in enumerate(stripped, start=1):
        if not name:
            raise TableHeaderInvalid(row=row, column=number, reason="name_missing")
        if len(name) > MAX_NAME:
            raise TableHeaderInvalid(row=row, column=number, reason="name_too_long")
        if name in seen:
            raise TableHeaderInvalid(row=row, column=number, reason="name_doubled")
        seen.add(name)
    return stripped
