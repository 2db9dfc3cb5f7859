"""Read a workbook's first sheet that is shown, row by row (XLSX)."""

from __future__ import annotations

import datetime as dt
import importlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from catalog.tables.archive import MAX_BYTES, WorkbookArchiveUnsafe, check_archive
from catalog.tables.model import Format, Row, Table, TableEmpty, TableUnreadable, checked_header

#: Loaded by whoever reads workbooks, before its process is confined.
READER: Final = "python_calamine"


def read_workbook(head: bytes, source: BinaryIO) -> Table:
    """Return the table on the first sheet that is shown.

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
        rows = book.get_sheet_by_name(shown[0]).iter_rows() if shown else iter(())
    except (library.CalamineError, library.ZipError, library.XmlError, OSError) as error:
        raise TableUnreadable(row=1, reason="not_a_workbook") from error
    numbered = enumerate(rows, start=1)
    first = next(((number, row) for number, row in numbered if any(c != "" for c in row)), None)
    if first is None:
        raise TableEmpty
    names = [str(_value(cell) or "") for cell in first[1]]
    while names and not names[-1].strip():
        names.pop()
    return Table(
        format=Format.XLSX,
        columns=checked_header(names),
        rows=_rows(numbered, len(names)),
        sheet=shown[0],
        other_sheets=len(shown) - 1,
        notes=notes,
    )


def _rows(numbered: Iterator[tuple[int, list[Any]]], width: int) -> Iterator[Row]:
    for number, cells in numbered:
        values = [_value(cell) for cell in cells]
        while len(values) > width and values[-1] is None:
            values.pop()
        if any(value is not None for value in values):
            yield Row(number, values)


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
