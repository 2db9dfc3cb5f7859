"""Replay stretches of a log apart from each other, so that several cores can do it (重放).

What a stretch comes to does not depend on those before it; what does, the orders' numbers and the
roots, takes the reader no time. A stretch with anything odd comes to nothing: the reader then looks
at it leaf by leaf and says what is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log import key_chain, merkle, tiles
from catalog.audit_log.leaf import VERSION, read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.order_counting import order_of


class Bundle(msgspec.Struct, frozen=True):
    """A full bundle as published, and the tile of hashes that belongs to it."""

    entries: bytes
    tile: bytes


#: Return the full bundle of a number; None behind the last one.
Read = Callable[[int], Bundle | None]
#: How many bundles are replayed together.
STRETCH: Final = 32


class Replayed(msgspec.Struct, frozen=True):
    """What a stretch comes to: its tiles, their roots, first and last number of the orders counted.

    ``notices`` are the places in it that tell of the log's keys, and the digests there.
    """

    tiles: list[bytes]
    roots: list[merkle.Hash]
    orders: dict[str, tuple[int, int]]
    notices: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def is_last(self) -> bool:
        """Tell whether no full bundle follows."""
        return len(self.roots) < STRETCH


#: Yield what the stretches of a log come to, one after another, to the last or one that is odd.
Replayer = Callable[[Read], Iterator[Replayed | None]]


def replay(bundles: Iterable[Bundle]) -> Replayed | None:
    """Return what bundles that follow each other come to, None if anything is not as it should be."""
    checked: list[bytes] = []
    roots: list[merkle.Hash] = []
    orders: dict[str, tuple[int, int]] = {}
    notices: list[tuple[int, tuple[str, ...]]] = []
    for bundle in bundles:
        try:
            raws = list(tiles.unpack(bundle.entries))
            leaves = [read_leaf(raw) for raw in raws]
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            return None
        for leaf in leaves:
            if leaf.v != VERSION or not (leaf.order_seq is None or _goes_on(orders, leaf)):
                return None
        if len(raws) != merkle.TILE_WIDTH or merkle.leaf_hashes(raws) != bundle.tile:
            return None
        for place, leaf in enumerate(leaves):
            if leaf.digests and (bound := key_chain.bound_by(leaf)):
                notices.append((len(roots) * merkle.TILE_WIDTH + place, bound))
        checked.append(bundle.tile)
        roots.append(merkle.perfect_root(bundle.tile))
    return Replayed(checked, roots, orders, tuple(notices))


def replay_stretch(read: Read, number: int) -> Replayed | None:
    """Return what the stretch of a number comes to; it reads the stretch's bundles itself."""
    return replay(_bundles(read, range(number * STRETCH, (number + 1) * STRETCH)))


def _bundles(read: Read, numbers: Iterable[int]) -> Iterator[Bundle]:
    for number in numbers:
        bundle = read(number)
        if bundle is None:
            return
        yield bundle


def replay_each(read: Read) -> Iterator[Replayed | None]:
    """Replay the stretches of a log one after another, on the caller's core."""
    return until_last(replay_stretch(read, number) for number in itertools.count())


def until_last(stretches: Iterator[Replayed | None]) -> Iterator[Replayed | None]:
    """Yield to the end of a log: to its last stretch, or one that comes to nothing."""
    replayed = next(stretches)
    yield replayed
    while replayed is not None and not replayed.is_last:
        replayed = next(stretches)
        yield replayed


def _goes_on(orders: dict[str, tuple[int, int]], leaf: Leaf) -> bool:
    """Count the order of a numbered leaf on; tell whether its number is the next."""
    number = leaf.order_seq or 0
    order = order_of(leaf)
    first, last = orders.get(order, (number, number - 1))
    orders[order] = first, number
    return number == last + 1
