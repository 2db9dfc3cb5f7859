"""Name tiles and pack entry bundles as C2SP tlog-tiles tells (瓦片路径与条目包)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log.merkle import TILE_WIDTH
from catalog.kernel.errors import Missing

MAX_ENTRY_LENGTH: Final = 65_535
_ENTRIES: Final = "entries"
_GROUP: Final = 1000
_PATH: Final = re.compile(
    r"(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])"
    r"/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class NoSuchTile(Missing):
    """No tile has that path."""

    code = "log_tile_missing"


class TilePath(msgspec.Struct, frozen=True):
    """What a path asks for. ``level`` is None for a bundle of entries."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    def __str__(self) -> str:
        level = _ENTRIES if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_number(self.number)}{partial}"


def _number(number: int) -> str:
    """Return ``number`` in groups of three digits: 1234067 is ``x001/x234/067``."""
    if number < 0:
        raise ValueError(f"there is no tile {number}")
    number, last = divmod(number, _GROUP)
    path = f"{last:03}"
    while number:
        number, group = divmod(number, _GROUP)
        path = f"x{group:03}/{path}"
    return path


def parse_path(path: str) -> TilePath:
    """Return what ``<L>/<N>[.p/<W>]`` or ``entries/<N>[.p/<W>]`` asks for.

    :raises NoSuchTile: if it is not the one way to write such a path.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise NoSuchTile(path=path)
    number = int(match["number"].replace("x", "").replace("/", ""))
    level = None if match["level"] == _ENTRIES else int(match["level"])
    width = int(match["width"] or TILE_WIDTH)
    tile = TilePath(level, number, width)
    if (match["width"] and width >= TILE_WIDTH) or str(tile) != f"tile/{path}":
        raise NoSuchTile(path=path)
    return tile


def pack(entries: Iterable[bytes]) -> bytes:
    """Return a bundle: every entry with its length in two bytes, big-endian, in front."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unpack(bundle: bytes) -> Iterator[bytes]:
    """Yield the entries of a bundle.

    :raises ValueError: if the bundle ends inside an entry.
    """
    at, end = 0, len(bundle)
    while at < end:
        length = int.from_bytes(bundle[at : at + 2], "big")
        at += 2 + length
        if at > end:
            raise ValueError("the bundle ends inside an entry")
        yield bundle[at - length : at]
