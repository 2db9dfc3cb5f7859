"""Know which characters a font can show, so that a page never fails for a rare name (生僻字).

What it can not show is named by its code point behind the mark that Chinese printers set for a
missing type, 〓; the file inside the page holds the character itself.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Callable
from typing import Any, Final

import msgspec

MISSING: Final = "〓"
_FULL_UNICODE: Final = 12  # the form of a character map that goes beyond the first plane


class FontUnreadable(RuntimeError):
    """The packaged font has no character map that we know. Ours to mend, so it is a fault."""


class Glyphs(msgspec.Struct, frozen=True):
    """The characters of a font, as ranges in their order."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]

    def has(self, character: str) -> bool:
        """Tell whether the font shows a character."""
        at = bisect.bisect_right(self.firsts, ord(character)) - 1
        return at >= 0 and ord(character) <= self.lasts[at]


def glyphs_of(font: bytes) -> Glyphs:
    """Return the characters of an OpenType font (ISO/IEC 14496-22, table ``cmap``, format 12).

    :raises FontUnreadable: if it has no such map.
    """
    tables = struct.unpack_from(">H", font, 4)[0]
    for number in range(tables):
        tag, _, start, _ = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag == b"cmap":
            return _read_map(font, start)
    raise FontUnreadable("no character map")


def _read_map(font: bytes, start: int) -> Glyphs:
    count = struct.unpack_from(">H", font, start + 2)[0]
    for number in range(count):
        at = start + struct.unpack_from(">I", font, start + 4 + 8 * number + 4)[0]
        if struct.unpack_from(">H", font, at)[0] == _FULL_UNICODE:
            groups = struct.unpack_from(">I", font, at + 12)[0]
            found = [
                struct.unpack_from(">III", font, at + 16 + 12 * group) for group in range(groups)
            ]
            return Glyphs(tuple(f for f, _, _ in found), tuple(last for _, last, _ in found))
    raise FontUnreadable("no map of all planes")


def showable(value: Any, has: Callable[[str], bool]) -> Any:
    """Return JSON values in which every text can be shown."""
    if isinstance(value, str):
        return "".join(c if has(c) else f"{MISSING}(U+{ord(c):04X})" for c in value)
    if isinstance(value, dict):
        return {name: showable(each, has) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [showable(each, has) for each in value]
    return value
