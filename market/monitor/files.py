"""Fetch what a log publishes, by C2SP tlog-tiles: only files, and only those that are new."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import httpx

from catalog.audit_log.merkle import HASH_LENGTH, TILE_WIDTH
from catalog.audit_log.tiles import TilePath
from catalog.monitoring.alerts import Kind, Wrong

_TIMEOUT_SECONDS: Final = 30.0
#: A bundle of 256 entries of 65,535 bytes; nobody fills our memory.
_LONGEST: Final = 256 * 65_537
_HELD: Final = 512


class LogFiles:
    """The public files of one log. Safe for several threads at once."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._url = url.rstrip("/")
        self._client = client
        self._full: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none of that name.

        :raises Wrong: if the log can not be asked.
        """
        return self.fetch(f"{self._url}/{name}")

    def fetch(self, url: str) -> bytes | None:
        """Return what lies at an address, None if nothing does.

        :raises Wrong: if it can not be asked.
        """
        try:
            with self._client.stream("GET", url, timeout=_TIMEOUT_SECONDS) as answer:
                if answer.status_code in (404, 410):
                    return None
                answer.raise_for_status()
                parts, length = [], 0
                for part in answer.iter_bytes():
                    length += len(part)
                    if length > _LONGEST:
                        raise Wrong(Kind.UNREACHABLE, "log", f"{url} has no end")
                    parts.append(part)
                return b"".join(parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Wrong(Kind.UNREACHABLE, "log", f"{url}: {error}") from error

    def tiles(self, size: int, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Return tiles of the tree of a size, as wide as it makes them.

        :raises Wrong: if one is missing or has another width.
        """
        return {place: self.tile(size, *place) for place in sorted(wanted)}

    def tile(self, size: int, level: int, number: int) -> bytes:
        """Return one tile of the tree of a size.

        :raises Wrong: if it is missing or has another width.
        """
        width = _width(size, level, number)
        held = self._full.get((level, number)) if width == TILE_WIDTH else None
        if held is not None:
            return held
        path = TilePath(level, number, width)
        raw = self._widest(path)
        if len(raw) < width * HASH_LENGTH:
            raise Wrong(Kind.TILE_DIFFERS, str(path), f"it has {len(raw)} bytes")
        if width == TILE_WIDTH and level:
            self._full[level, number] = raw
            while len(self._full) > _HELD:
                self._full.popitem(last=False)
        return raw[: width * HASH_LENGTH]

    def bundle(self, size: int, number: int) -> bytes:
        """Return a bundle of entries of the tree of a size; it may hold more of them.

        :raises Wrong: if it is missing.
        """
        return self._widest(TilePath(None, number, _width(size, 0, number)))

    def _widest(self, path: TilePath) -> bytes:
        raw = self.get(str(path))
        if raw is None and path.width < TILE_WIDTH:  # it was filled meanwhile
            raw = self.get(str(TilePath(path.level, path.number)))
        if raw is None:
            raise Wrong(Kind.FILE_MISSING, str(path), "the checkpoint promises it")
        return raw


def _width(size: int, level: int, number: int) -> int:
    return min(TILE_WIDTH, (size >> (8 * level)) - number * TILE_WIDTH)
