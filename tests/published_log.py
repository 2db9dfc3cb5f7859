"""A log as its operator publishes it: files that a test may change, sign anew, or take back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

import httpx
import msgspec

from catalog.audit_log import leaf, merkle, tiles
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.audit_log.merkle import TILE_WIDTH
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.subject_heads import heads
from catalog.subject_heads.model import HEADS

ORIGIN = "other.example/log"
SIGNER = Signer(Purpose.CHECKPOINT, b"\x33" * 32)
KEY = VerifierKey(ORIGIN, SIGNER.public_key)
BASE = "http://other/log"
EPOCH = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def entry(number: int, *subjects: str, order_seq: int | None = None, event: str = "a:b") -> bytes:
    """Return a leaf; the same number gives the same bytes."""
    return leaf.leaf_bytes(
        EntryId(uuid.UUID(int=number)),
        EPOCH + dt.timedelta(seconds=number),
        event,
        subjects=[Subject(*each.split(":", 1)) for each in subjects],
        payload_sha256=sha256_hex(b"%d" % number),
        order_seq=order_seq,
    )


def use(number: int, order: int, order_seq: int) -> bytes:
    """Return the leaf of a metered use."""
    subjects = (f"order:{order}", f"product:{order % 7}", f"buyer:{order % 3}")
    return entry(number, *subjects, order_seq=order_seq, event="data:accessed")


def uses(start: int, count: int, orders: int = 20) -> list[bytes]:
    """Return so many uses, one order after the other, each counted without a gap."""
    return [use(n, n % orders, n // orders + 1) for n in range(start, start + count)]


def heads_entry(leaves: Sequence[bytes], log_size: int, hidden: str | None = None) -> bytes:
    """Return the entry that publishes the heads of the first leaves, as the service makes it.

    ``hidden`` is a subject whose last entry is left out of its head.
    """
    grown = heads.grown({}, list(enumerate(leaves[:log_size])))
    if hidden is not None:
        key = heads.subject_hash(hidden)
        about = [n for n, each in enumerate(leaves[:log_size]) if hidden in heads.subjects_of(each)]
        without = [(n, leaves[n]) for n in about[:-1]]
        grown |= heads.grown({}, without) if without else {}
        if not without:
            del grown[key]
        else:
            partial = heads.grown({}, without)
            grown[key] = partial[key]
    record = canonical(heads.snapshot_of(log_size, grown.values()).record())
    return leaf.leaf_bytes(
        EntryId(uuid.UUID(int=10**9 + log_size)),
        EPOCH + dt.timedelta(seconds=len(leaves)),
        "heads:published",
        subjects=[Subject(HEADS, str(log_size))],
        payload_sha256="00",
        digests=[Digest(HEADS, str(log_size), sha256_hex(record))],
    )


class PublishedLog:
    """The files of a log of these leaves; ``asked`` lists what somebody fetched."""

    def __init__(self, leaves: Iterable[bytes] = (), key: VerifierKey = KEY) -> None:
        self.leaves = list(leaves)
        self.key = key
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.is_away = False
        if self.leaves:
            self.publish()

    def grow(self, leaves: Iterable[bytes]) -> None:
        self.leaves += leaves
        self.publish()

    def note(self, size: int | None = None, signer: Signer = SIGNER) -> bytes:
        """Return the signed checkpoint of so many of the leaves."""
        some = self.leaves[:size]
        checkpoint = Checkpoint(self.key.name, len(some), merkle.root_of(some))
        return signed_note(checkpoint, self.key, signer.sign(checkpoint.text().encode()))

    def publish(self) -> None:
        """Write every tile and bundle of the leaves as they are, and the checkpoint."""
        hashes = [merkle.leaf_hash(each) for each in self.leaves]
        edge, full = merkle.Edge().extended(hashes)
        for tile in full:
            self.files[str(tiles.TilePath(tile.level, tile.number))] = tile.hashes
        for level, partial in enumerate(edge.partials):
            if partial:
                width = len(partial) // merkle.HASH_LENGTH
                number = edge.size >> (8 * (level + 1))
                self.files[str(tiles.TilePath(level, number, width))] = partial
        for number in range(0, len(self.leaves), TILE_WIDTH):
            some = self.leaves[number : number + TILE_WIDTH]
            path = tiles.TilePath(None, number // TILE_WIDTH, len(some))
            self.files[str(path)] = tiles.pack(some)
        self.files["checkpoint"] = self.note()

    def client(self) -> httpx.Client:
        """Return a client that reaches this log, and nothing else."""
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("no route")
        path = request.url.path.removeprefix("/log/")
        self.asked.append(path)
        found = self.files.get(path)
        return httpx.Response(404 if found is None else 200, content=found or b"")

    def put_keys(self, **keys: object) -> None:
        """Tell these public keys."""
        self.files["/api/v1/keys"] = msgspec.json.encode(keys)
