"""Grow and prove a Merkle tree (RFC 6962 §2.1), kept in tiles of 256 hashes (C2SP tlog-tiles).

A node is named by its binary level and its index there: ``(0, i)`` is the hash of leaf ``i``.
A tile ``(L, N)`` holds the 256 nodes ``(8L, 256N …)``; only full tiles are stored, and the
unfinished ones of all levels together are the ``Edge``.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NewType

import msgspec

Hash = NewType("Hash", bytes)
Node = tuple[int, int]  # binary level, index
Span = tuple[int, int]  # first leaf, one past the last

HASH_LENGTH: Final = 32
TILE_WIDTH: Final = 256
_PAIR: Final = 2 * HASH_LENGTH
_TILE_LEVELS: Final = 8  # binary levels in a tile
EMPTY_ROOT: Final = Hash(hashlib.sha256().digest())

_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> Hash:
    """Return the hash of a leaf: SHA-256(0x00 ‖ leaf)."""
    return Hash(_sha256(b"\x00" + leaf).digest())


def leaf_hashes(leaves: Iterable[bytes]) -> bytes:
    """Return the hashes of leaves one after another, as tiles hold them."""
    return b"".join([_sha256(b"\x00" + leaf).digest() for leaf in leaves])


def node_hash(left: bytes, right: bytes) -> Hash:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return Hash(_sha256(b"\x01" + left + right).digest())


class Tile(msgspec.Struct, frozen=True):
    """A full tile: 256 hashes of one level (瓦片)."""

    level: int
    number: int
    hashes: bytes


class Edge(msgspec.Struct, frozen=True):
    """The right edge of a tree: its size, and the unfinished tile of every level."""

    size: int = 0
    partials: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> tuple[Edge, list[Tile]]:
        """Return the edge after the leaf hashes ``leaves``, and the tiles that they filled."""
        hashes = b"".join(leaves)
        added = len(hashes) // HASH_LENGTH
        partials: list[bytes] = []
        tiles: list[Tile] = []
        level = 0
        while hashes or level < len(self.partials):
            held = self.partials[level] if level < len(self.partials) else b""
            start = (self.size >> (_TILE_LEVELS * level)) // TILE_WIDTH
            hashes = held + hashes
            full, rest = divmod(len(hashes), TILE_WIDTH * HASH_LENGTH)
            here = [
                hashes[i * TILE_WIDTH * HASH_LENGTH : (i + 1) * TILE_WIDTH * HASH_LENGTH]
                for i in range(full)
            ]
            tiles += [Tile(level, start + i, each) for i, each in enumerate(here)]
            partials.append(hashes[len(hashes) - rest :])
            hashes = b"".join(perfect_root(each) for each in here)
            level += 1
        return Edge(self.size + added, tuple(partials)), tiles

    def with_tile(self, hashes: bytes, root: Hash) -> tuple[Edge, list[Tile]]:
        """Return the edge after a full tile of leaf hashes whose root is known, and what it filled.

        :raises ValueError: if the edge does not end with a full tile.
        """
        number, rest = divmod(self.size, TILE_WIDTH)
        if rest:
            raise ValueError(f"{rest} leaves stand beyond the last full tile")
        upper, filled = Edge(number, self.partials[1:]).extended([root])
        tiles = [Tile(tile.level + 1, tile.number, tile.hashes) for tile in filled]
        return Edge(self.size + TILE_WIDTH, (b"", *upper.partials)), [
            Tile(0, number, hashes),
            *tiles,
        ]

    def root(self) -> Hash:
        """Return the root of the tree."""
        root: Hash | None = None
        for partial in self.partials:
            for peak in reversed(_peaks(partial)):
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root

    def packed(self) -> bytes:
        """Return the partial tiles one after another, lowest level first, as they are stored."""
        return b"".join(self.partials)


def unpacked_edge(size: int, packed: bytes) -> Edge:
    """Return the edge of a tree of ``size`` leaves from its stored form.

    :raises ValueError: if the length does not fit the size.
    """
    partials: list[bytes] = []
    at = 0
    for width in edge_widths(size):
        partials.append(packed[at : at + width * HASH_LENGTH])
        at += width * HASH_LENGTH
    if at != len(packed):
        raise ValueError(f"an edge of {size} leaves has {at} bytes, not {len(packed)}")
    return Edge(size, tuple(partials))


def edge_widths(size: int) -> tuple[int, ...]:
    """Return how many hashes the unfinished tile of each level has in a tree of ``size``."""
    widths = []
    while size:
        widths.append(size % TILE_WIDTH)
        size //= TILE_WIDTH
    return tuple(widths)


def split(hashes: bytes) -> list[bytes]:
    """Return the hashes that stand one after another in a tile."""
    return [hashes[i : i + HASH_LENGTH] for i in range(0, len(hashes), HASH_LENGTH)]


def row_above(row: bytes) -> bytes:
    """Return the nodes over a row of nodes, two by two; one that is left at the end has none yet."""
    pairs = range(0, len(row) - HASH_LENGTH, _PAIR)
    return b"".join([_sha256(b"\x01" + row[at : at + _PAIR]).digest() for at in pairs])


def perfect_root(hashes: bytes) -> Hash:
    """Return the root over 2^k hashes.

    :raises ValueError: if there are not so many.
    """
    count = len(hashes) // HASH_LENGTH
    if count.bit_count() != 1:
        raise ValueError(f"{count} hashes have no perfect root")
    while len(hashes) > HASH_LENGTH:
        hashes = row_above(hashes)
    return Hash(hashes)


@functools.lru_cache(maxsize=64)  # an edge is asked for its root again by each who checks it
def _peaks(hashes: bytes) -> tuple[Hash, ...]:
    peaks: list[Hash] = []
    at = 0
    width = len(hashes) // HASH_LENGTH
    for bit in reversed(range(width.bit_length())):
        if width >> bit & 1:
            end = at + (HASH_LENGTH << bit)
            peaks.append(perfect_root(hashes[at:end]))
            at = end
    return tuple(peaks)


def root_of(leaves: Iterable[bytes]) -> Hash:
    """Return the root of the tree over the given leaves (not their hashes)."""
    return Edge().extended([leaf_hash(leaf) for leaf in leaves])[0].root()


# ── proofs ──────────────────────────────────────────────────────────────────────────────────


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the subtrees whose roots prove that leaf ``index`` is in a tree of ``size``.

    They come in the order of RFC 6962: the sibling of the leaf first, the root's child last.

    :raises ValueError: if the leaf does not lie in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Return the subtrees whose roots prove that a tree of ``new`` continues one of ``old``.

    :raises ValueError: unless 0 ≤ old ≤ new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not continue one of {old}")
    if old in (0, new):
        return []
    spans: list[Span] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:  # else the verifier knows this subtree: it is the old root itself
        spans.append((start, end))
    return spans[::-1]


def nodes_of(span: Span) -> list[Node]:
    """Return the perfect subtrees that make up ``span``, left to right."""
    start, end = span
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def tile_of(node: Node) -> tuple[int, int]:
    """Return level and number of the tile in which ``node`` is found."""
    level, index = node
    return level // _TILE_LEVELS, index >> (_TILE_LEVELS - level % _TILE_LEVELS)


def tiles_of(spans: Iterable[Span]) -> set[tuple[int, int]]:
    """Return the tiles that are needed to compute the roots of ``spans``."""
    return {tile_of(node) for span in spans for node in nodes_of(span)}


def hashes_of(spans: Iterable[Span], tiles: Mapping[tuple[int, int], bytes]) -> list[Hash]:
    """Return the root of every span, from the tiles that hold their nodes.

    :raises ValueError: if a tile is missing or too short.
    """
    return [_fold([_node(node, tiles) for node in nodes_of(span)]) for span in spans]


def _node(node: Node, tiles: Mapping[tuple[int, int], bytes]) -> Hash:
    level, index = node
    height = level % _TILE_LEVELS
    position = tile_of(node)
    first = (index << height) % TILE_WIDTH * HASH_LENGTH
    last = first + (HASH_LENGTH << height)
    tile = tiles.get(position, b"")
    if len(tile) < last:
        raise ValueError(f"tile {position} does not hold node {node}")
    at = first >> height
    return Hash(_rows_of(tile)[height][at : at + HASH_LENGTH])


@functools.lru_cache(maxsize=512)  # some 25 kB each
def _rows_of(tile: bytes) -> list[bytes]:
    """Return the nodes over a tile, row by row from the leaves up. Kept by its bytes: never stale."""
    rows = [tile]
    while len(rows[-1]) > HASH_LENGTH:
        rows.append(row_above(rows[-1]))
    return rows


class ManyRoots:
    """Compute the roots of many spans of one tree; a subtree that several of them have, only once."""

    def __init__(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        self._tiles = tiles
        self._nodes: dict[Node, Hash] = {}
        self._roots: dict[Span, Hash] = {}

    def of(self, spans: Iterable[Span]) -> list[Hash]:
        """Return the root of every span.

        :raises ValueError: if a tile is missing or too short.
        """
        return [self._root(span) for span in spans]

    def _root(self, span: Span) -> Hash:
        root = self._roots.get(span)
        if root is None:
            root = _fold([self._node(node) for node in nodes_of(span)])
            self._roots[span] = root
        return root

    def _node(self, node: Node) -> Hash:
        level, index = node
        if level % _TILE_LEVELS == 0:
            return _node(node, self._tiles)
        found = self._nodes.get(node)
        if found is None:
            below = level - 1
            found = node_hash(self._node((below, 2 * index)), self._node((below, 2 * index + 1)))
            self._nodes[node] = found
        return found


def _fold(peaks: list[Hash]) -> Hash:
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def root_from_inclusion(leaf: Hash, index: int, size: int, proof: Iterable[bytes]) -> Hash | None:
    """Return the root that the proof leads to, or None if it has a wrong length.

    (RFC 9162 §2.1.3.2.)
    """
    if not 0 <= index < size:
        return None
    fn, sn, root = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = node_hash(step, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, step)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


def verify_inclusion(
    leaf: Hash, index: int, size: int, proof: Iterable[bytes], root: bytes
) -> bool:
    """Tell whether the proof shows the leaf at ``index`` in the tree of ``size`` and ``root``."""
    return root_from_inclusion(leaf, index, size, proof) == root


def verify_consistency(  # noqa: C901 - as RFC 9162 writes it
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Iterable[bytes]
) -> bool:
    """Tell whether the proof shows that the new tree continues the old one (RFC 9162 §2.1.4.2)."""
    steps = list(proof)
    if not 0 <= old <= new:
        return False
    if old == new:
        return not steps and old_root == new_root
    if old == 0:
        return not steps and old_root == EMPTY_ROOT
    if old & (old - 1) == 0:  # a power of two: the old root is itself the first step
        steps.insert(0, old_root)
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


ReadTile = Callable[[int, int], bytes]


def edge_at(size: int, read: ReadTile) -> Edge:
    """Return the edge that the tree had at ``size``, from the tiles of a later tree.

    :raises ValueError: if a tile is too short for that size.
    """
    partials: list[bytes] = []
    for level, width in enumerate(edge_widths(size)):
        tile = read(level, size >> (_TILE_LEVELS * (level + 1))) if width else b""
        if len(tile) < width * HASH_LENGTH:
            raise ValueError(f"tile {level}/{size >> (_TILE_LEVELS * (level + 1))} is too short")
        partials.append(tile[: width * HASH_LENGTH])
    return Edge(size, tuple(partials))
