"""Read the leaves of a log as a monitor does, many at once (重放). Nothing here remembers anything."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from catalog.audit_log import key_notices, merkle
from catalog.audit_log.merkle import Edge
from catalog.audit_log.model import Digest
from catalog.audit_log.order_counting import ORDER
from catalog.monitoring.alerts import Alert, Kind
from catalog.signing.canonical import canonical, sha256_hex
from catalog.subject_heads.heads import subject_hash
from catalog.subject_heads.model import FORMAT, HEADS, HeadsRecord

_PUBLISHED: Final = "heads:published"
_NOTHING: Final = bytes(32)
_AT_ONCE: Final = 65_536

#: What a log has about a subject: how many leaves, the last of them, the chain over them.
HeadOf = tuple[int, int, bytes]
NO_HEAD: Final[HeadOf] = (0, 0, _NOTHING)


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Leaves in a row as their heads need them, column by column: hashes, subjects, times.

    ``heads`` are the places of those that publish heads.
    """

    first: int
    hashes: list[bytes]
    subjects: list[tuple[bytes, ...]]
    ats: list[str]
    heads: list[int]

    def below(self, place: int) -> Run:
        """Return those that stand below a place."""
        return self._cut(0, max(0, place - self.first))

    def since(self, place: int) -> Run:
        """Return those that stand at a place or behind it."""
        return self._cut(max(0, place - self.first), len(self.hashes))

    def uncovered_since(self) -> str:
        """Return when the first was made that waits for heads; empty if only heads' own entries do."""
        own = set(self.heads)
        return next(
            (at for place, at in enumerate(self.ats, self.first) if at and place not in own), ""
        )

    def _cut(self, start: int, end: int) -> Run:
        first = self.first + start
        within = range(first, self.first + end)
        return Run(
            first,
            self.hashes[start:end],
            self.subjects[start:end],
            self.ats[start:end],
            [place for place in self.heads if place in within],
        )


class _Subject(msgspec.Struct, frozen=True, gc=False):
    kind: str
    id: str


class _Public(msgspec.Struct, frozen=True, gc=False):
    """Of a leaf what is looked at; what is raw is read where it matters, or was read before."""

    id: str
    at: str
    event: str
    subjects: msgspec.Raw
    digests: msgspec.Raw
    order_seq: int | None = None


class Claim(msgspec.Struct, frozen=True):
    """That heads of this digest were published in the entry at a place."""

    index: int
    log_size: int
    sha256: str


class Hit(msgspec.Struct, frozen=True):
    """A new entry about a watched subject."""

    index: int
    id: str
    at: str
    event: str
    subjects: tuple[str, ...]


class Part(msgspec.Struct):
    """What stands in a run of leaves."""

    run: Run
    numbered: list[tuple[int, str, int]] = []  # place, order, number
    claims: list[Claim] = []
    keys: list[Digest] = []
    notices: list[tuple[int, str]] = []  # place, digest of a notice about the log's own keys
    hits: list[Hit] = []
    faults: list[Alert] = []


_decoder: Final = msgspec.json.Decoder(_Public)
_subjects: Final = msgspec.json.Decoder(tuple[_Subject, ...])
_digests: Final = msgspec.json.Decoder(tuple[Digest, ...])


@functools.lru_cache(maxsize=65_536)
def _named(raw: bytes) -> tuple[tuple[bytes, ...], str, tuple[str, ...]]:
    """Return what subjects name: their hashes, the order among them, their texts. Uses repeat them."""
    every = _subjects.decode(raw)
    texts = tuple(f"{each.kind}:{each.id}" for each in every)
    hashes = dict.fromkeys(
        subject_hash(text) for text, each in zip(texts, every, strict=True) if each.kind != HEADS
    )
    order = next((each.id for each in every if each.kind == ORDER), "")
    return tuple(hashes), order, texts


def read(
    first: int,
    leaves: Sequence[bytes],
    hashes: Sequence[bytes],
    watched: frozenset[bytes] = frozenset(),
) -> Part:
    """Return what stands in leaves from a place on; ``hashes`` are their leaf hashes.

    ``watched`` are hashes of subjects.
    """
    part = Part(Run(first, list(hashes), [], [], []))
    decode, named, ats = _decoder.decode, part.run.subjects.append, part.run.ats.append
    for index, leaf in enumerate(leaves, first):
        try:
            told = decode(leaf)
            keys, order, texts = _named(bytes(told.subjects))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            _malformed(part, index, "it is no leaf")
            named(())
            ats("")
            continue
        named(keys)
        ats(told.at)
        if told.order_seq is not None:
            part.numbered.append((index, order, told.order_seq))
        if told.event == _PUBLISHED:
            part.run.heads.append(index)
            _read_claim(part, index, told)
        elif told.event.startswith("key:") or _may_name_a_notice(bytes(told.digests)):
            _read_keys(part, index, told)
        if watched and not watched.isdisjoint(keys):
            part.hits.append(Hit(index, told.id, told.at, told.event, texts))
    return part


def _malformed(part: Part, index: int, why: str) -> None:
    part.faults.append(Alert(kind=Kind.ENTRY_MALFORMED, about=f"entry {index}", why=why))


def _read_claim(part: Part, index: int, told: _Public) -> None:
    digests = [each for each in _digests_of(part, index, told) if each.kind == HEADS]
    if len(digests) == 1 and digests[0].id.isdecimal():
        part.claims.append(Claim(index, int(digests[0].id), digests[0].sha256))
    else:
        why = "it publishes heads and does not say which"
        part.faults.append(Alert(kind=Kind.HEADS_DIFFER, about=f"entry {index}", why=why))


def _may_name_a_notice(raw: bytes) -> bool:
    # A backslash may spell a letter otherwise: then it is read, whatever it says.
    return b"key_notice" in raw or b"\\" in raw


def _read_keys(part: Part, index: int, told: _Public) -> None:
    for each in _digests_of(part, index, told):
        if each.kind == key_notices.KIND:
            part.notices.append((index, each.sha256))
        elif each.kind == "key" and told.event.startswith("key:"):
            part.keys.append(each)


def _digests_of(part: Part, index: int, told: _Public) -> tuple[Digest, ...]:
    try:
        return _digests.decode(told.digests)
    except msgspec.MsgspecError:
        _malformed(part, index, "its digests can not be read")
        return ()


def counted(
    before: Mapping[str, int], numbered: Iterable[tuple[int, str, int]]
) -> tuple[dict[str, int], list[Alert]]:
    """Return how far each order is after entries with these numbers, and what is wrong with them.

    After a wrong number it goes on from there, so that each break is told once.
    """
    after: dict[str, int] = {}
    faults: list[Alert] = []
    for index, order, number in numbered:
        due = after.get(order, before.get(order, 0)) + 1
        if number != due:
            why = f"entry {index} of order {order} has the number {number}, and {due} is due"
            about = f"order {order} at {index}"
            faults.append(Alert(kind=Kind.ORDER_BROKEN, about=about, why=why))
        after[order] = number
    return after, faults


def grow(heads: dict[bytes, HeadOf], run: Run) -> None:
    """Let leaves change the heads of what they name; all that they name have a head before."""
    digest = hashlib.sha256
    for index, (leaf_hash, keys) in enumerate(
        zip(run.hashes, run.subjects, strict=True), run.first
    ):
        for key in keys:
            count, _, chain = heads[key]
            heads[key] = (count + 1, index, digest(b"\x02" + chain + leaf_hash).digest())


def packed(key: bytes, head: HeadOf) -> bytes:
    """Return the 80 bytes of a head (``subject_heads``)."""
    count, last_index, chain = head
    return key + count.to_bytes(8, "big") + last_index.to_bytes(8, "big") + chain


def unpacked(raw: bytes) -> HeadOf:
    """Return a head of its 80 bytes."""
    return (
        int.from_bytes(raw[32:40], "big"),
        int.from_bytes(raw[40:48], "big"),
        raw[48:],
    )


def record_sha256(log_size: int, heads: Iterable[bytes]) -> str:
    """Return the digest of the record of these packed heads, which come in the order of their hashes."""
    edge, some = Edge(), list[bytes]()
    for head in heads:
        some.append(merkle.leaf_hash(head))
        if len(some) == _AT_ONCE:
            edge, some = edge.extended(some)[0], []
    edge, _ = edge.extended(some)
    return sha256_hex(canonical(HeadsRecord(FORMAT, log_size, edge.size, edge.root().hex())))


_runs: Final = msgspec.msgpack.Decoder(Run)


def spooled(run: Run) -> bytes:
    """Return leaves as they wait on disk for the next heads."""
    return msgspec.msgpack.encode(run)


def unspooled(raw: bytes) -> Run:
    """Return the leaves of what waited on disk."""
    return _runs.decode(raw)
