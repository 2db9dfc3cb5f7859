"""Read a workbook's first sheet that is shown, row by row (XLSX)."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final

from catalog.tables.archive import MAX_BYTES, WorkbookArchiveUnsafe, check_archive
from catalog.tables.header import MOST_ROWS_ABOVE, IsHeader, cell_text, find_header
from catalog.tables.model import Format, Row, Table, TableEmpty, TableUnreadable, checked_header

#: Loaded by whoever reads workbooks, before its process is confined.
READER: Final = "python_calamine"
_LOOKED_AT: Final = 5  # [P] sheets, for the one that holds the table: each is unpacked


def read_workbook(head: bytes, source: BinaryIO, is_header: IsHeader | None = None) -> Table:
    """Return the table on the first sheet that is shown, or on the first of which a row is the header.

    :raises WorkbookArchiveUnsafe: and its neighbours, see ``archive.py``.
    :raises TableEmpty: if there is nothing on it.
    :raises TableHeaderInvalid: if its first row does not name the columns.
    :raises TableUnreadable: if it is no workbook that can be read.
    """
    raw = head + source.read(MAX_BYTES + 1 - len(head))
    if len(raw) > MAX_BYTES:
        raise WorkbookArchiveUnsafe(entry="", reason="too_large")
    notes = check_archive(raw)
    library = importlib.import_module(READER)
    try:
        book = library.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is library.SheetVisibleEnum.Visible
            and sheet.typ is library.SheetTypeEnum.WorkSheet
        ]
        rows_of = [
            functools.partial(_rows, book.get_sheet_by_name(name)) for name in shown[:_LOOKED_AT]
        ]
    except (library.CalamineError, library.ZipError, library.XmlError, OSError) as error:
        raise TableUnreadable(row=1, reason="not_a_workbook") from error
    if not rows_of:
        raise TableEmpty
    place, (header, rest) = _header(rows_of, is_header)
    names = [cell_text(value) for value in header.values]
    while not names[-1].strip():
        names.pop()
    return Table(
        format=Format.XLSX,
        columns=checked_header(names, row=header.number),
        rows=_trimmed(rest, len(names)),
        sheet=shown[place],
        other_sheets=len(shown) - 1,
        notes=notes,
        header_row=header.number,
    )


def _header(
    sheets: Sequence[Callable[[], Iterator[Row]]], is_header: IsHeader | None
) -> tuple[int, tuple[Row, Iterator[Row]]]:
    """Return the sheet whose row names the columns, that row and those below; else the first row there is."""
    if is_header is not None:
        for place, rows in enumerate(sheets):
            top = itertools.islice(rows(), MOST_ROWS_ABOVE)
            if any(is_header([cell_text(value) for value in row.values]) for row in top):
                return place, find_header(rows(), is_header)
    return 0, find_header(sheets[0](), None)


def _rows(sheet: Any) -> Iterator[Row]:
    """Yield the rows that hold something."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        values = [_value(cell) for cell in cells]
        if any(value is not None for value in values):
            yield Row(number, values)


def _trimmed(rows: Iterator[Row], width: int) -> Iterator[Row]:
    for row in rows:
        values = row.values
        while len(values) > width and values[-1] is None:
            values.pop()
        yield row


def _value(cell: Any) -> Any:
    """Return a cell as JSON has it: whole numbers whole, dates as ISO texts, nothing as None."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # noqa: PLR2004 - exact
        return int(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, str):
        return cell.replace("\0", "")
    return str(cell) if isinstance(cell, dt.timedelta) else cell
