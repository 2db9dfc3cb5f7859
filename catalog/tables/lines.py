"""Cut text into lines as it comes in, and find out how it is encoded (编码识别)."""

from __future__ import annotations

import codecs
import io
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
    """Return how a text is encoded, by its first bytes: by its mark, UTF-8 if it can be, or GB 18030.

    A mark of UTF-8 before bytes that are GB 18030 and no UTF-8 was put there by a program that did
    not look; then the bytes count.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            is_mistaken = name == "utf-8-sig" and not _can_be(head, name)
            return "gb18030" if is_mistaken and _can_be(_bare(head), "gb18030") else name
    return "utf-8" if _can_be(head, "utf-8") else "gb18030"


def _can_be(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True


def _bare(head: bytes) -> bytes:
    return head.removeprefix(_MARKS[0][0])


def _decoder(encoding: str) -> io.IncrementalNewlineDecoder:
    """Return what makes text of bytes; lines end with a line feed in it, whatever ended them there."""
    return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)


def lines_of(head: bytes, source: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end, holding no more than one of them.

    What begins without a letter beyond ASCII may turn out to be GB 18030 later.

    :raises TableLineTooLong: as soon as a line has more than ``MAX_LINE`` characters.
    :raises TableNotText: at the first bytes that are no text.
    """
    decoder = _decoder(encoding)
    number, rest, is_ascii = 1, "", encoding == "utf-8"
    part = _bare(head) if encoding == "gb18030" else head
    while True:
        try:
            text = decoder.decode(part, final=not part)
        except UnicodeDecodeError as error:
            if is_ascii and _can_be(error.object, "gb18030"):
                encoding, is_ascii, decoder = "gb18030", False, _decoder("gb18030")
                part = error.object  # with what was kept back of the last part
                continue
            raise TableNotText(line=number + _ends(error, encoding), encoding=encoding) from error
        is_ascii = is_ascii and text.isascii()
        if "\0" in text:
            ends = text[: text.index("\0")].count("\n")
            raise TableNotText(line=number + ends, encoding=encoding)
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


def _ends(error: UnicodeDecodeError, encoding: str) -> int:
    """Return how many lines end in what could be read before the bytes that are no text."""
    read = error.object[: error.start].decode(encoding, errors="ignore")
    return read.replace("\r\n", "\n").replace("\r", "\n").count("\n")
