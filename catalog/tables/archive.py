"""Look at a workbook's archive before anything in it is unpacked (压缩包预检)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO, Final

from catalog.kernel.errors import Invalid

MAX_BYTES: Final = 64 * 1024 * 1024  # [P] a workbook of the most rows there can be has 30–50 MB
MAX_ENTRIES: Final = 500  # [P] sheets, styles, pictures: an honest one has some dozens
MAX_UNPACKED: Final = 256 * 1024 * 1024  # [P]
MAX_RATIO: Final = (
    250  # [P] sheets of numbers shrink to a tenth, of one repeated text to a hundredth
)
_SMALL: Final = 1024 * 1024  # so little may shrink as it likes
_INNER: Final = (".zip", ".xlsx", ".xlsm", ".xls", ".docx", ".jar", ".gz", ".7z", ".rar", ".exe")
_CELL: Final = re.compile(rb"""<(?:\w{1,20}:)?c\s[^>]{0,100}?r=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ANY_CELL: Final = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")  # one that does not say where it is, too
# A formula without its value; one whose value is an empty text says so by its type.
_UNCOMPUTED: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s(?![^>]{0,200}?\bt=["']str["'])[^>]{0,200}?r=["']([A-Z]{1,3}[0-9]{1,7})["'][^>]{0,200}>\s*"""
    rb"""<(?:\w{1,20}:)?f(?:\s[^>]{0,300})?(?:/>|>[^<]{0,8192}</(?:\w{1,20}:)?f>)\s*"""
    rb"""(?:<(?:\w{1,20}:)?v\s*/>\s*|<(?:\w{1,20}:)?v>\s*</(?:\w{1,20}:)?v>\s*)?</(?:\w{1,20}:)?c>"""
)
_LONGEST_CELL: Final = 9500  # what the patterns can match, so that a cell across two parts is seen
_PART: Final = 1024 * 1024
MAX_CELLS: Final = 5_000_000  # [P] of the rectangle that is used: 100,000 rows of 50 columns


class WorkbookArchiveUnsafe(Invalid):
    """The archive is none of an honest workbook: too much in too little, nested, locked, misnamed."""

    code = "workbook_archive_unsafe"


class WorkbookHasMacros(Invalid):
    """There is a program in the workbook (宏)."""

    code = "workbook_has_macros"


class WorkbookRefersOutside(Invalid):
    """The workbook takes values from other files or addresses (外部链接)."""

    code = "workbook_refers_outside"


class WorkbookFormulaUncomputed(Invalid):
    """A program wrote a formula and no spreadsheet has computed it yet: the cell would be read as empty."""

    code = "workbook_formula_uncomputed"


class WorkbookTooLarge(Invalid):
    """A sheet reaches further than a table that is read here; CSV has no such bound."""

    code = "workbook_too_large"


def check_archive(raw: bytes) -> tuple[str, ...]:
    """Return if a workbook may be unpacked: notes of what is in it and does no harm.

    :raises WorkbookArchiveUnsafe: with the ``entry`` and the ``reason``.
    :raises WorkbookHasMacros: if there is a program in it.
    :raises WorkbookRefersOutside: if it takes values from elsewhere.
    :raises WorkbookFormulaUncomputed: if a formula has no value.
    :raises WorkbookTooLarge: if a sheet reaches too far.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            _check_entries(raw, entries)
            return _check_contents(archive, entries)
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError, ValueError) as error:
        raise WorkbookArchiveUnsafe(entry="", reason="not_an_archive") from error


def _check_entries(raw: bytes, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise WorkbookArchiveUnsafe(entry="", reason="too_many_entries")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.lower()
        reason = "doubled" if name in seen else _odd(entry, name)
        if reason is not None:
            raise WorkbookArchiveUnsafe(entry=entry.filename, reason=reason)
        if name.endswith("vbaproject.bin"):
            raise WorkbookHasMacros(entry=entry.filename)
        if name.startswith("xl/externallinks/"):
            raise WorkbookRefersOutside(entry=entry.filename)
        seen.add(name)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise WorkbookArchiveUnsafe(entry="", reason="too_large")
    # Entries that share their bytes tell more packed bytes than the file has.
    if sum(entry.compress_size for entry in entries) > len(raw):
        raise WorkbookArchiveUnsafe(entry="", reason="overlapping")
    if "[content_types].xml" not in seen or not any(n.startswith("xl/workbook") for n in seen):
        raise WorkbookArchiveUnsafe(entry="", reason="not_a_workbook")


def _odd(entry: zipfile.ZipInfo, name: str) -> str | None:
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return "path"
    if entry.flag_bits & 0x1:
        return "encrypted"
    if name.endswith(_INNER) or "/embeddings/" in name:
        return "nested"
    return "ratio" if entry.file_size > max(_SMALL, MAX_RATIO * entry.compress_size) else None


def _check_contents(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[str, ...]:
    notes = []
    for entry in entries:
        name = entry.filename.lower()
        if not name.endswith((".xml", ".rels")):
            with archive.open(entry) as opened:
                if opened.read(4) == b"PK\x03\x04":
                    raise WorkbookArchiveUnsafe(entry=entry.filename, reason="nested")
            continue
        with archive.open(entry) as opened:
            head = opened.read(_PART)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise WorkbookArchiveUnsafe(entry=entry.filename, reason="doctype")
            if name == "[content_types].xml" and b"macroEnabled" in head:
                raise WorkbookHasMacros(entry=entry.filename)
            if name.endswith(".rels") and b'TargetMode="External"' in head:
                notes.append("links")
            if name.startswith("xl/worksheets/"):
                _check_reach(head, opened, entry.filename)
    return tuple(sorted(set(notes)))


def _check_reach(head: bytes, opened: IO[bytes], name: str) -> None:
    """Refuse a sheet that is too large or not computed; what it says of itself is not believed."""
    rows = columns = cells = 0
    rest, part = b"", head
    while part:
        text = rest + part
        for letters, digits in _CELL.findall(text):
            rows, columns = max(rows, int(digits)), max(columns, _column(letters))
        if (found := _UNCOMPUTED.search(text)) is not None:
            raise WorkbookFormulaUncomputed(entry=name, cell=found[1].decode())
        cells += len(_ANY_CELL.findall(part))
        if max(rows * columns, cells) > MAX_CELLS:
            raise WorkbookTooLarge(entry=name, cells=max(rows * columns, cells), maximum=MAX_CELLS)
        rest = text[-_LONGEST_CELL:]
        part = opened.read(_PART)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
