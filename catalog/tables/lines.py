"""Cut text into lines as it comes in, and find out how it is encoded (编码识别)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from catalog.kernel.errors import Invalid
from catalog.tables.model import MAX_LINE, TableLineTooLong

_PART_BYTES: Final = 64 * 1024
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class TableNotText(Invalid):
    """From this line on, the bytes are no text in the encoding that the file began in."""

    code = "table_not_text"


def encoding_of(head: bytes) -> str:
    """Return how a text is encoded, by its first bytes: by its mark, UTF-8 if it can be, or GB 18030."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def lines_of(head: bytes, source: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end, holding no more than one of them.

    :raises TableLineTooLong: as soon as a line has more than ``MAX_LINE`` characters.
    :raises TableNotText: at the first bytes that are no text.
    """
    decode = codecs.getincrementaldecoder(encoding)().decode
    number, rest, part = 1, "", head
    while True:
        try:
            text = decode(part, final=not part)
        except UnicodeDecodeError as error:
            raise TableNotText(line=number, encoding=encoding) from error
        if "\0" in text:
            raise TableNotText(line=number, encoding=encoding)
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            if len(line) > MAX_LINE:
                raise TableLineTooLong(line=number, maximum=MAX_LINE)
            yield line + "\n"
            number += 1
        if len(rest) > MAX_LINE:
            raise TableLineTooLong(line=number, maximum=MAX_LINE)
        if not part:
            break
        part = source.read(_PART_BYTES)
    if rest:
        yield rest
