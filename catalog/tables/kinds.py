"""Tell what a file is by its first bytes, and whether its name says the same (文件类型)."""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Invalid
from catalog.tables.model import Format, TableEmpty

HEAD_BYTES: Final = 64 * 1024
# What is no table, or none that is read here, by how it begins. Parquet: every library that reads it
# weighs 40 MB or more, and is not needed for anything else.
_MAGIC: Final = (
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"\xd0\xcf\x11\xe0", "ole2"),  # .xls, and workbooks with a password
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"#!", "program"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "rar"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"SQLite format 3\0", "sqlite"),
)
_ZIP: Final = b"PK\x03\x04"
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_NAMED: Final = {
    "csv": {Format.CSV},
    "tsv": {Format.CSV},
    "txt": {Format.CSV, Format.JSONL},
    "xlsx": {Format.XLSX},
    "json": {Format.JSON, Format.JSONL},
    "jsonl": {Format.JSONL},
    "ndjson": {Format.JSONL},
}


class TableKindUnsupported(Invalid):
    """The file is of a kind that holds no table, or none that is read here."""

    code = "table_kind_unsupported"


class TableKindContradicts(Invalid):
    """The file is not what its name says (疑似伪装文件)."""

    code = "table_kind_contradicts"


def format_of(head: bytes, file_name: str) -> Format:
    """Return in which form the rows of a file are, by its first ``HEAD_BYTES``.

    :raises TableEmpty: if there are no bytes.
    :raises TableKindUnsupported: if it is no table, or none that is read here; ``kind`` names it.
    :raises TableKindContradicts: if its name says another kind.
    """
    found = _found(head)
    check_named(found, file_name)
    return found


def check_named(found: Format, file_name: str) -> None:
    """Return if a file is what its name says; a name that says nothing is none's.

    :raises TableKindContradicts: if its name says another kind.
    """
    ending = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if ending in _NAMED and found not in _NAMED[ending]:
        raise TableKindContradicts(named=ending, found=found.value)


def _found(head: bytes) -> Format:
    if not head.strip():
        raise TableEmpty
    if head.startswith(_ZIP):
        return Format.XLSX
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise TableKindUnsupported(kind=kind)
    if head.startswith(_MARKS[1:]):
        return Format.CSV  # UTF-16, with NULs of course
    if b"\0" in head or b"PK\x05\x06" in head:
        raise TableKindUnsupported(kind="binary")
    begins = head.removeprefix(_MARKS[0]).lstrip()
    if begins.startswith(b"<"):
        raise TableKindUnsupported(kind="markup")
    if begins.startswith(b"{"):
        return Format.JSONL
    return Format.JSON if begins.startswith(b"[") else Format.CSV
