"""Say what a head is made of, what is published of all heads, and what proves one (主体头)."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.draws.model import ProvenEntry

FORMAT: Final = "shushi/heads/1"
ENTRIES: Final = "shushi/subject-entries/1"
#: The digest's kind in the entry that publishes them, and the kind of that entry's subject.
HEADS: Final = "heads"
HEAD_LENGTH: Final = 80


class Head(msgspec.Struct, frozen=True):
    """What the log has about one subject, up to some size (主体头)."""

    subject_hash: bytes  # SHA-256 of ``kind:id``
    count: int  # leaves that name it
    last_index: int  # of the last of them
    chain: bytes  # over all of them, in their order

    def packed(self) -> bytes:
        """Return the 80 bytes that are the leaf of the tree of heads, numbers big-endian."""
        return (
            self.subject_hash
            + self.count.to_bytes(8, "big")
            + self.last_index.to_bytes(8, "big")
            + self.chain
        )


class HeadsRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an entry of the log says of all heads; its digest is bound there."""

    format: str
    log_size: int  # of the leaves below this place
    subjects: int
    root: str  # hex


class Place(msgspec.Struct, frozen=True):
    """A head, where it stands in the tree of heads, and the proof that it does."""

    index: int
    head: bytes
    hashes: tuple[bytes, ...]


class HeadProof(msgspec.Struct, frozen=True):
    """That a log of one size has so many entries about a subject, or none (完整性证明).

    One place is the subject's own; for a subject without entries it is the neighbours between which it
    would stand: two, one at either end, none in an empty tree.
    """

    subject: str
    record: bytes  # the canonical HeadsRecord
    places: tuple[Place, ...]


class SubjectEntries(msgspec.Struct, frozen=True, kw_only=True):
    """All entries about a subject up to a size of the log, with the proof that these are all.

    ``leaves`` is null where they are too many for one answer; whoever has the log's bundles has them.
    """

    format: str
    proof: HeadProof
    bound: ProvenEntry  # the entry that holds the digest of the record
    leaves: tuple[bytes, ...] | None


def unpacked(packed: bytes) -> Head:
    """Return the head of its 80 bytes.

    :raises ValueError: if there are more or fewer.
    """
    if len(packed) != HEAD_LENGTH:
        raise ValueError(f"a head has {HEAD_LENGTH} bytes, not {len(packed)}")
    return Head(
        packed[:32],
        int.from_bytes(packed[32:40], "big"),
        int.from_bytes(packed[40:48], "big"),
        packed[48:],
    )
