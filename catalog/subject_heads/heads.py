"""Say of every subject how many entries the log has about it: the heads of the subjects (主体索引).

A log proves what is in it; it does not prove that these are all entries about one thing. So each
subject has a head: how many leaves name it, the last of them, and a chain over all of them. The heads of
a log of one size, in the order of their subjects' hashes, are the leaves of a tree of their own
(RFC 6962), whose root is itself an entry of the log. With it a statement proves that nothing is left out,
and two neighbours prove that there is nothing. Whoever has the log computes it all again.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.merkle import Hash
from catalog.signing.canonical import canonical, sha256_hex
from catalog.subject_heads.model import (
    FORMAT,
    HEAD_LENGTH,
    HEADS,
    Head,
    HeadProof,
    HeadsRecord,
    Place,
    unpacked,
)

_NOTHING: Final = bytes(32)
#: Heads are kept in bundles as wide as the tiles over them.
BUNDLE: Final = merkle.TILE_WIDTH


class Snapshot(msgspec.Struct, frozen=True):
    """All heads of a log of one size, in the order of their subjects' hashes."""

    log_size: int
    heads: tuple[Head, ...]

    def hashes(self) -> list[Hash]:
        """Return the leaf hashes of the tree of heads."""
        return [merkle.leaf_hash(head.packed()) for head in self.heads]

    def record(self) -> HeadsRecord:
        """Return what is published of it."""
        edge, _ = merkle.Edge().extended(self.hashes())
        return _record(self.log_size, edge)


class DrawnUp(msgspec.Struct, frozen=True):
    """A snapshot as it is published and kept: its record, its bundles, the tiles over them."""

    record: HeadsRecord
    bundles: list[bytes]
    tiles: dict[tuple[int, int], bytes]


def subject_hash(subject: str) -> bytes:
    """Return under which hash a subject (``kind:id``) stands."""
    return hashlib.sha256(subject.encode()).digest()


def chained(chain: bytes, leaf_hash: bytes) -> bytes:
    """Return the chain after one more leaf: SHA-256(0x02 ‖ chain ‖ leaf hash); it begins as 32 zeros."""
    return hashlib.sha256(b"\x02" + chain + leaf_hash).digest()


def chain_of(leaves: Iterable[bytes]) -> bytes:
    """Return the chain over leaves, given as their bytes."""
    chain = _NOTHING
    for leaf in leaves:
        chain = chained(chain, merkle.leaf_hash(leaf))
    return chain


def subjects_of(leaf: bytes) -> tuple[str, ...]:
    """Return which subjects a leaf names, each once; the heads are no subject of themselves.

    :raises msgspec.MsgspecError: if the bytes are no leaf.
    """
    return tuple(dict.fromkeys(each.key for each in read_leaf(leaf).subjects if each.kind != HEADS))


def grown(heads: Mapping[bytes, Head], leaves: Iterable[tuple[int, bytes]]) -> dict[bytes, Head]:
    """Return the heads that ``leaves`` (place and bytes, in order) change, by subject hash.

    ``heads`` are those that stood before; who is not among them had none.

    :raises msgspec.MsgspecError: if bytes are no leaf.
    """
    changed: dict[bytes, Head] = {}
    for index, leaf in leaves:
        leaf_hash = merkle.leaf_hash(leaf)
        for subject in subjects_of(leaf):
            key = subject_hash(subject)
            before = changed.get(key) or heads.get(key) or Head(key, 0, 0, _NOTHING)
            changed[key] = Head(key, before.count + 1, index, chained(before.chain, leaf_hash))
    return changed


def snapshot_of(log_size: int, heads: Iterable[Head]) -> Snapshot:
    """Return the snapshot of a log of one size."""
    return Snapshot(log_size, tuple(sorted(heads, key=lambda head: head.subject_hash)))


def neighbours(heads: Sequence[Head], key: bytes) -> tuple[int, ...]:
    """Return which heads prove what is under a hash: its own, or those between which it would stand."""
    found = bisect.bisect_left(heads, key, key=lambda head: head.subject_hash)
    if found < len(heads) and heads[found].subject_hash == key:
        return (found,)
    return tuple(index for index in (found - 1, found) if 0 <= index < len(heads))


def prove(snapshot: Snapshot, subject: str) -> HeadProof:
    """Return the proof of what the log has about a subject, or that it has nothing."""
    wanted = neighbours(snapshot.heads, subject_hash(subject))
    return proof_of(
        subject,
        snapshot.record(),
        {index: snapshot.heads[index] for index in wanted},
        tiles_of(snapshot.hashes()),
    )


def proof_of(
    subject: str,
    record: HeadsRecord,
    heads: Mapping[int, Head],
    tiles: Mapping[tuple[int, int], bytes],
) -> HeadProof:
    """Return the proof for a subject from the heads that prove it and the tiles over them.

    :raises ValueError: if a tile that is needed is missing.
    """
    places = tuple(
        Place(index, head.packed(), tuple(merkle.hashes_of(spans_of(index, record), tiles)))
        for index, head in sorted(heads.items())
    )
    return HeadProof(subject, canonical(record), places)


def spans_of(index: int, record: HeadsRecord) -> list[merkle.Span]:
    """Return the subtrees that prove the head at a place."""
    return merkle.inclusion_spans(index, record.subjects)


class HeadsDiffer(Exception):
    """A proof of a head is not what it says; ``str()`` says why."""


def check(proof: HeadProof) -> tuple[HeadsRecord, Head | None]:
    """Return what a proof proves: the record that the log must bind, and the head, None if there is none.

    :raises HeadsDiffer: if it proves nothing.
    """
    try:
        record = msgspec.json.decode(proof.record, type=HeadsRecord)
        placed = [(place, unpacked(place.head)) for place in proof.places]
        root = bytes.fromhex(record.root)
    except (msgspec.MsgspecError, ValueError) as error:
        raise HeadsDiffer(f"the proof can not be read: {error}") from error
    if record.format != FORMAT:
        raise HeadsDiffer(f"the record is of the format {record.format}")
    for place, head in placed:
        leaf = merkle.leaf_hash(place.head)
        if not merkle.verify_inclusion(leaf, place.index, record.subjects, place.hashes, root):
            raise HeadsDiffer(f"head {place.index} is not in the tree of {record.subjects} heads")
        if head.last_index >= record.log_size:
            raise HeadsDiffer(f"head {place.index} names an entry that the log did not have")
    key = subject_hash(proof.subject)
    own = [head for _, head in placed if head.subject_hash == key]
    if own:
        return record, own[0]
    _check_absence(record, placed, key)
    return record, None


def _check_absence(record: HeadsRecord, placed: Sequence[tuple[Place, Head]], key: bytes) -> None:
    """Return if the places leave none for a subject: they are neighbours, and it lies between them."""
    below = [place.index for place, head in placed if head.subject_hash < key]
    above = [place.index for place, head in placed if head.subject_hash > key]
    last_below = max(below, default=-1)
    first_above = min(above, default=record.subjects)
    if last_below + 1 != first_above:
        raise HeadsDiffer("the neighbours leave a place between them")


def record_sha256(proof: HeadProof) -> str:
    """Return the digest under which the log binds the record of a proof."""
    return sha256_hex(proof.record)


def draw_up(log_size: int, heads: Iterable[Head]) -> DrawnUp:
    """Return what is published and kept of the heads of a log of one size; each is hashed once."""
    snapshot = snapshot_of(log_size, heads)
    edge, full = merkle.Edge().extended(snapshot.hashes())
    return DrawnUp(_record(log_size, edge), bundled(snapshot.heads), _tiles(edge, full))


def _record(log_size: int, edge: merkle.Edge) -> HeadsRecord:
    return HeadsRecord(FORMAT, log_size, edge.size, edge.root().hex())


def standing(bundles: Iterable[bytes]) -> dict[bytes, Head]:
    """Return the heads of bundles by their subjects' hashes.

    :raises ValueError: if the length of one is none of heads.
    """
    return {head.subject_hash: head for bundle in bundles for head in unbundled(bundle)}


def tiles_of(hashes: Sequence[Hash]) -> dict[tuple[int, int], bytes]:
    """Return all tiles of the tree of heads, the unfinished ones too, by level and number."""
    return _tiles(*merkle.Edge().extended(hashes))


def _tiles(edge: merkle.Edge, full: Iterable[merkle.Tile]) -> dict[tuple[int, int], bytes]:
    tiles = {(tile.level, tile.number): tile.hashes for tile in full}
    for level, partial in enumerate(edge.partials):
        if partial:
            tiles[level, edge.size >> (8 * (level + 1))] = partial
    return tiles


def bundled(heads: Sequence[Head]) -> list[bytes]:
    """Return heads in bundles of 256, each the packed heads one after another."""
    return [
        b"".join(head.packed() for head in heads[start : start + BUNDLE])
        for start in range(0, len(heads), BUNDLE)
    ]


def unbundled(bundle: bytes) -> tuple[Head, ...]:
    """Return the heads of a bundle.

    :raises ValueError: if its length is none of heads.
    """
    return tuple(
        unpacked(bundle[start : start + HEAD_LENGTH])
        for start in range(0, len(bundle), HEAD_LENGTH)
    )
