"""Open a table, whatever it came in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from catalog.kernel.caged import by_code
from catalog.tables import archive, json_text, kinds, lines, model
from catalog.tables.csv_text import read_csv
from catalog.tables.header import IsHeader
from catalog.tables.json_text import read_json_lines, read_json_list
from catalog.tables.kinds import HEAD_BYTES, format_of
from catalog.tables.model import Format, Table
from catalog.tables.workbook import read_workbook

#: All that reading a table may refuse by name: a task lists these beside its own.
REFUSALS: Final = by_code(
    model.TableEmpty,
    model.TableHeaderInvalid,
    model.TableUnreadable,
    model.TableLineTooLong,
    kinds.TableKindUnsupported,
    kinds.TableKindContradicts,
    lines.TableNotText,
    json_text.JsonTooDeep,
    json_text.JsonListTooLarge,
    archive.WorkbookArchiveUnsafe,
    archive.WorkbookHasMacros,
    archive.WorkbookRefersOutside,
    archive.WorkbookFormulaUncomputed,
    archive.WorkbookTooLarge,
)

_TABLES: Final[Mapping[Format, Callable[[bytes, BinaryIO, IsHeader | None], Table]]] = {
    Format.CSV: read_csv,
    Format.XLSX: read_workbook,
}
_OBJECTS: Final[Mapping[Format, Callable[[bytes, BinaryIO], Table]]] = {
    Format.JSONL: read_json_lines,
    Format.JSON: read_json_list,
}


def open_table(
    source: BinaryIO, *, file_name: str = "", is_header: IsHeader | None = None
) -> Table:
    """Return the table in a file; its rows are read, and may be refused, as they are asked for.

    Whoever knows which columns there should be gives ``is_header``: the row that names them, and
    the sheet on which it stands, are looked for then.

    :raises DomainError: one of ``REFUSALS``.
    """
    head = source.read(HEAD_BYTES)
    found = format_of(head, file_name)
    if found in _OBJECTS:
        return _OBJECTS[found](head, source)
    return _TABLES[found](head, source, is_header)
