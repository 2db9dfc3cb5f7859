"""Say what an entry of the log is made of."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NewType

import msgspec

EntryId = NewType("EntryId", uuid.UUID)


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, gc=False):
    """One thing that an entry is about: an application, a product, an order (对象)."""

    kind: str
    id: str

    @property
    def key(self) -> str:
        """Return the text under which entries about this subject are found."""
        return f"{self.kind}:{self.id}"


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, gc=False):
    """The SHA-256 of a business record as stored; it binds the record to the log (摘要)."""

    kind: str
    id: str
    sha256: str


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The public part of an entry, as it is hashed into the tree (叶). No personal data.

    ``payload_sha256`` commits to the rest without telling it. ``order_seq`` counts the entries of
    one order from 1, where completeness is to be shown.
    """

    id: str
    at: str
    event: str
    subjects: tuple[Subject, ...]
    payload_sha256: str
    digests: tuple[Digest, ...]
    rules: tuple[str, ...]
    v: int
    order_seq: int | None = None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What one of many entries of an event is about, and what was before and after."""

    subjects: tuple[Subject, ...]
    facts: Any = None
    digests: tuple[Digest, ...] = ()
    before: Any = None
    after: Any = None
    reason: str | None = None


class Appended(msgspec.Struct, frozen=True):
    """An entry that was appended, and the bytes of its leaf; its place comes later."""

    id: EntryId
    leaf: bytes


class Entry(msgspec.Struct, frozen=True):
    """An entry as its reader sees it: its place, if it has one yet, and its parts."""

    id: EntryId
    at: dt.datetime
    event: str
    subjects: tuple[Subject, ...]
    index: int | None
    leaf: bytes
    payload: dict[str, Any] | None  # None: erased, or not for this reader
    salt: bytes | None


class PlacedEntry(msgspec.Struct, frozen=True):
    """An entry at its place, with all that is kept of it; who may see the payload its reader decides."""

    index: int
    leaf: bytes
    actor_party_id: uuid.UUID | None
    salt: bytes | None  # None: erased
    payload: bytes | None


class InclusionProof(msgspec.Struct, frozen=True):
    """That leaf ``index`` is in the tree of ``size`` with ``root`` (包含证明)."""

    index: int
    size: int
    root: bytes
    leaf_hash: bytes
    hashes: tuple[bytes, ...]


class ConsistencyProof(msgspec.Struct, frozen=True):
    """That the tree of ``new`` leaves continues the one of ``old`` (一致性证明)."""

    old: int
    new: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]
