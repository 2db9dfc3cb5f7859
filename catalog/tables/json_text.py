"""Read JSON: an object on each line, or one list of objects; never deep, no key twice (JSON)."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from catalog.kernel.errors import Invalid
from catalog.tables.lines import lines_of
from catalog.tables.model import (
    MAX_COLUMNS,
    MAX_NAME,
    Format,
    Row,
    Table,
    TableHeaderInvalid,
    TableUnreadable,
)

MAX_DEPTH: Final = 32  # [P] as bodies of requests are read
# [P] one list has to be held whole, some ten times its size; JSON lines have no such bound.
MAX_LIST_BYTES: Final = 16 * 1024 * 1024
_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?')


class JsonTooDeep(Invalid):
    """Brackets lie in brackets, deeper than any honest row has them (疑似恶意文件)."""

    code = "json_too_deep"


class JsonListTooLarge(Invalid):
    """A list has to be read whole; so large a table is written as JSON lines."""

    code = "json_list_too_large"


def read_json_lines(head: bytes, source: BinaryIO) -> Table:
    """Return a table of JSON objects, one a line. Its columns are known when its rows are read.

    :raises TableUnreadable: while rows are read: at the first that is no object, by its ``row``.
    :raises JsonTooDeep: likewise.
    """
    columns: list[str] = []
    lines = lines_of(head.removeprefix(b"\xef\xbb\xbf"), source, "utf-8")
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    objects = ((number, _object(number, _on_a_line(line, number))) for number, line in numbered)
    return Table(format=Format.JSONL, columns=columns, rows=_rows(columns, objects))


def read_json_list(head: bytes, source: BinaryIO) -> Table:
    """Return a table of one JSON list of objects.

    :raises JsonListTooLarge: if it has more than ``MAX_LIST_BYTES``.
    :raises TableUnreadable: if it is no list, or while rows are read.
    :raises JsonTooDeep: if it is too deep.
    """
    raw = head + source.read(MAX_LIST_BYTES + 1 - len(head))
    if len(raw) > MAX_LIST_BYTES:
        raise JsonListTooLarge(maximum_bytes=MAX_LIST_BYTES)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableUnreadable(row=1, reason="not_utf_8") from error
    found = parsed(text, 1)
    columns: list[str] = []
    objects = ((number, _object(number, each)) for number, each in enumerate(found, start=1))
    return Table(format=Format.JSON, columns=columns, rows=_rows(columns, objects))


def parsed(text: str, row: int) -> Any:
    """Return what a JSON text says.

    :raises JsonTooDeep: if brackets lie in brackets more than ``MAX_DEPTH`` deep.
    :raises TableUnreadable: if it is no JSON, names a key twice, has a number that is none, or a NUL.
    """
    depth = 0
    for mark in itertools.chain.from_iterable(_TEXTS.split(text)):
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonTooDeep(row=row, maximum=MAX_DEPTH)
        elif mark in "]}":
            depth -= 1
    if "\\u0000" in text:  # a character that no database keeps
        raise TableUnreadable(row=row, reason="nul")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise TableUnreadable(row=row + error.lineno - 1, reason=error.msg) from error
        raise TableUnreadable(row=row, reason=str(error)[:100]) from error


def _on_a_line(line: str, row: int) -> Any:
    try:
        return parsed(line.rstrip(), row)
    except TableUnreadable:
        if line.rstrip().endswith(("{", "[", ",")):  # it goes on in the next line
            raise TableUnreadable(row=row, reason="json_document") from None
        raise


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("key_doubled")
    return found


def _no_number(_: str) -> None:
    raise ValueError("not_a_number")


def _object(row: int, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TableUnreadable(row=row, reason="not_an_object")
    return value


def _rows(columns: list[str], objects: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[Row]:
    places: dict[str, int] = {}
    for number, values in objects:
        for name in values:
            if name not in places:
                if not name.strip() or len(name) > MAX_NAME or len(columns) >= MAX_COLUMNS:
                    raise TableHeaderInvalid(
                        row=number, column=len(columns) + 1, reason="name_or_number"
                    )
                places[name] = len(columns)
                columns.append(name)
        yield Row(number, [values.get(name) for name in columns])
