"""Read bundles as a process of its own can: compare them with their tiles, and say what stands in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

from catalog.audit_log import tiles
from catalog.audit_log.merkle import HASH_LENGTH, TILE_WIDTH
from catalog.monitoring import replaying
from catalog.monitoring.alerts import Alert, Kind, Wrong
from catalog.monitoring.replaying import Part

T = TypeVar("T")
R = TypeVar("R")


class Spread(Protocol):
    """Do work on parts, on one core or on all, and yield what they come to in their order."""

    def __call__(self, work: Callable[[T], R], parts: Iterable[T], /) -> Iterator[R]:
        """Yield what each part comes to."""
        ...


class Fetched(msgspec.Struct, frozen=True):
    """A bundle as it is published, and the tile of hashes that belongs to it."""

    number: int
    bundle: bytes
    tile: bytes


class Stretch(msgspec.Struct, frozen=True):
    """Bundles that follow each other; of the first so many entries were read before."""

    bundles: list[Fetched]
    skipped: int
    watched: frozenset[bytes]

    @property
    def first(self) -> int:
        """Return the first entry that is new."""
        return self.bundles[0].number * TILE_WIDTH + self.skipped


class Read(msgspec.Struct, frozen=True):
    """What stands in a stretch, or what is wrong with it."""

    part: Part | None = None
    alert: Alert | None = None


def read(stretch: Stretch) -> Read:
    """Return what stands in a stretch; of one with a wrong bundle only that."""
    leaves: list[bytes] = []
    hashes: list[bytes] = []
    try:
        for each in stretch.bundles:
            some, their = compared(each)
            leaves += some
            hashes += their
    except Wrong as wrong:
        return Read(alert=wrong.alert)
    new = slice(stretch.skipped, None)
    return Read(part=replaying.read(stretch.first, leaves[new], hashes[new], stretch.watched))


def compared(fetched: Fetched) -> tuple[list[bytes], list[bytes]]:
    """Return leaves and hashes of a bundle that holds what the tile names.

    :raises Wrong: if an entry is another one, or is missing.
    """
    tile, first = fetched.tile, fetched.number * TILE_WIDTH
    count = len(tile) // HASH_LENGTH
    try:
        leaves = list(tiles.unpack(fetched.bundle))[:count]
    except ValueError as error:
        raise Wrong(Kind.LEAF_DIFFERS, f"bundle {fetched.number}", str(error)) from error
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
