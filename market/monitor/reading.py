"""Read stretches of a log, each by itself, so that several processes can: fetch, compare, say what stands there.

Who reads on one core hands the log's files in. A process of its own opens the address instead (``At``): no entry
goes from one process to another but what was made of it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import httpx
import msgspec

from catalog.audit_log import merkle, tiles
from catalog.audit_log.merkle import HASH_LENGTH, TILE_WIDTH, Hash
from catalog.monitoring import replaying
from catalog.monitoring.alerts import Alert, Kind, Wrong
from catalog.monitoring.replaying import Part
from market.monitor.files import LogFiles

T = TypeVar("T")
R = TypeVar("R")

#: So many bundles are read, proven and kept together.
BATCH: Final = 32
_AT_ONCE: Final = 4


class Spread(Protocol):
    """Do work on parts, on one core or on all, and yield what they come to in their order."""

    def __call__(self, work: Callable[[T], R], parts: Iterable[T], /) -> Iterator[R]:
        """Yield what each part comes to."""
        ...


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Bundles that follow each other, of a log of a size; of the first so many entries were read before."""

    size: int
    first: int  # bundle
    end: int
    skipped: int = 0
    known: bytes = b""  # the hashes of those
    watched: frozenset[bytes] = frozenset()


class Read(msgspec.Struct, frozen=True):
    """What stands in a stretch, or what is wrong with it."""

    part: Part | None = None
    alert: Alert | None = None


class Hashed(msgspec.Struct, frozen=True):
    """What a stretch hashes to: its tiles, and those of them that the log serves otherwise."""

    tiles: list[bytes]
    roots: list[Hash]  # of those that are full
    alerts: list[Alert]
    is_broken_off: bool = False  # a file is missing, or nothing is answered


class At:
    """The files at an address, opened in whatever process asks for them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self) -> LogFiles:
        """Return them; a process opens an address once."""
        return _opened(self.url)


@functools.lru_cache(maxsize=8)
def _opened(url: str) -> LogFiles:
    return LogFiles(url, httpx.Client(trust_env=False))


Opens = Callable[[], LogFiles]


def stretches(
    start: int, size: int, known: bytes = b"", watched: frozenset[bytes] = frozenset()
) -> Iterator[Stretch]:
    """Yield the stretches that have something of a log from a place on; ``known`` are its tile's hashes before."""
    end = (size + TILE_WIDTH - 1) // TILE_WIDTH
    first, skipped = divmod(start, TILE_WIDTH)
    while first < end:
        until = min(end, (first // BATCH + 1) * BATCH)
        yield Stretch(
            size=size, first=first, end=until, skipped=skipped, known=known, watched=watched
        )
        first, skipped, known = until, 0, b""


def read(opens: Opens, stretch: Stretch) -> Read:
    """Return what stands in a stretch; of one with a wrong bundle only that.

    :raises Wrong: if the log can not be asked.
    """
    leaves: list[bytes] = []
    hashes: list[bytes] = []
    try:
        for number, bundle, tile in _fetched(opens(), stretch):
            if number == stretch.first and tile[: len(stretch.known)] != stretch.known:
                why = "it is not the tile that was read before"
                raise Wrong(Kind.TILE_DIFFERS, str(tiles.TilePath(0, number)), why)
            some, their = compared(number, bundle, tile)
            leaves += some
            hashes += their
    except Wrong as wrong:  # as a value: it may have to go to another process
        return Read(alert=wrong.alert)
    first = stretch.first * TILE_WIDTH + stretch.skipped
    new = slice(stretch.skipped, None)
    return Read(part=replaying.read(first, leaves[new], hashes[new], stretch.watched))


def hashed(opens: Opens, stretch: Stretch) -> Hashed:
    """Return what the entries of a stretch hash to, and which of its files do not fit them."""
    made = Hashed([], [], [])
    try:
        for number, bundle, tile in _fetched(opens(), stretch):
            try:
                compared(number, bundle, tile)
            except Wrong as wrong:
                made.alerts.append(wrong.alert)
            # What the entries themselves give: a tile may have been rewritten along with them.
            mine = _leaf_hashes(bundle, len(tile))
            made.tiles.append(mine)
            if len(mine) == TILE_WIDTH * HASH_LENGTH:
                made.roots.append(merkle.perfect_root(mine))
    except Wrong as wrong:
        return Hashed(made.tiles, made.roots, [*made.alerts, wrong.alert], is_broken_off=True)
    return made


def _leaf_hashes(bundle: bytes, length: int) -> bytes:
    try:
        return merkle.leaf_hashes(list(tiles.unpack(bundle)))[:length].ljust(length, b"\0")
    except ValueError:
        return bytes(length)


def _fetched(files: LogFiles, stretch: Stretch) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, bundle and tile in order; some are fetched ahead.

    :raises Wrong: if the log can not be asked, or one of them is missing.
    """

    def fetch(number: int) -> tuple[int, bytes, bytes]:
        size = stretch.size
        return number, files.bundle(size, number), files.tile(size, 0, number)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(fetch, range(stretch.first, stretch.end))


def compared(number: int, bundle: bytes, tile: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return leaves and hashes of a bundle that holds what the tile names.

    :raises Wrong: if an entry is another one, or is missing.
    """
    count, first = len(tile) // HASH_LENGTH, number * TILE_WIDTH
    try:
        leaves = list(tiles.unpack(bundle))[:count]
    except ValueError as error:
        raise Wrong(Kind.LEAF_DIFFERS, f"bundle {number}", str(error)) from error
    digest = hashlib.sha256
    hashes = [digest(b"\x00" + leaf).digest() for leaf in leaves]
    if b"".join(hashes) == tile:
        return leaves, hashes
    for place in range(count):
        expected = tile[place * HASH_LENGTH : (place + 1) * HASH_LENGTH]
        if place >= len(hashes) or hashes[place] != expected:
            why = "the bundle has another entry than the tree"
            raise Wrong(Kind.LEAF_DIFFERS, f"entry {first + place}", why)
    raise AssertionError("one of them differs")
