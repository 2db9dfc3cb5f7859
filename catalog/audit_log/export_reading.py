"""Read the files of an export, and tell which are not readable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from catalog.audit_log.export_format import Source
from catalog.audit_log.verdict import Findings

T = TypeVar("T")


def decoded(found: Findings, raw: bytes | None, kind: type[T], name: str) -> T | None:
    """Return what a file holds; None, and it is told, if it is missing or not readable."""
    if raw is None:
        found.bad("file", name, "is missing")
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found.bad("file", name, f"is not readable: {error}")
        return None


def rows(source: Source, found: Findings, name: str, kind: type[T]) -> Iterator[T]:
    """Yield the rows of a file; a line that is not readable is told, and left out."""
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(source.lines(name), 1):
        try:
            yield decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            found.bad("file", f"{name} line {number}", f"is not readable: {error}")
