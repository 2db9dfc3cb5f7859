"""Replay stretches of a log apart from each other, so that several cores can do it (重放).

What a stretch comes to does not depend on those before it; what does, the orders' numbers and the
roots, takes the reader no time. A stretch with anything odd comes to nothing: the reader then looks
at it leaf by leaf and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from catalog.audit_log import key_chain, merkle, tiles
from catalog.audit_log.leaf import VERSION, read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.order_counting import order_of


class Bundle(msgspec.Struct, frozen=True):
    """A full bundle as published, and the tile of hashes that belongs to it."""

    entries: bytes
    tile: bytes


Stretch = Sequence[Bundle]  # bundles that follow each other


class Replayed(msgspec.Struct, frozen=True):
    """What a stretch comes to: its tiles' roots, and first and last number of the orders counted.

    ``notices`` are the places in it that tell of the log's keys, and the digests there.
    """

    roots: list[merkle.Hash]
    orders: dict[str, tuple[int, int]]
    notices: tuple[tuple[int, tuple[str, ...]], ...] = ()


Replayer = Callable[[Iterable[Stretch]], Iterator[Replayed | None]]


def replay(stretch: Stretch) -> Replayed | None:
    """Return what a stretch comes to, None if anything about it is not as it should be."""
    roots: list[merkle.Hash] = []
    orders: dict[str, tuple[int, int]] = {}
    notices: list[tuple[int, tuple[str, ...]]] = []
    for bundle in stretch:
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
        roots.append(merkle.perfect_root(bundle.tile))
    return Replayed(roots, orders, tuple(notices))


def replay_each(stretches: Iterable[Stretch]) -> Iterator[Replayed | None]:
    """Replay stretches one after another, on the caller's core."""
    return map(replay, stretches)


def _goes_on(orders: dict[str, tuple[int, int]], leaf: Leaf) -> bool:
    """Count the order of a numbered leaf on; tell whether its number is the next."""
    number = leaf.order_seq or 0
    order = order_of(leaf)
    first, last = orders.get(order, (number, number - 1))
    orders[order] = first, number
    return number == last + 1
