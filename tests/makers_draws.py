"""Make a signed log with one entry in it that holds what a draw committed to."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.audit_log.leaf import leaf_bytes
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.draws.model import ProvenEntry
from catalog.signing.purposes import Purpose
from tests.log_of_tests import ORIGIN, signer_of

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
SIGNER = signer_of(Purpose.CHECKPOINT)
LOG_KEY = VerifierKey(ORIGIN, SIGNER.public_key)


class TwoEntries(NamedTuple):
    """A log of two entries; the second is the one that is asked about."""

    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    root: bytes
    checkpoint: str


def log_with(
    event: str | None,
    *,
    subjects: list[Subject],
    digests: list[Digest],
    previous: int | None = 1,
) -> TwoEntries:
    """Return a signed log with an entry; with what is no leaf if there is no event."""
    first = b"something before"
    second = (
        b"no leaf at all"
        if event is None
        else leaf_bytes(
            EntryId(uuid.UUID(int=9)),
            NOW,
            event,
            subjects=subjects,
            payload_sha256="ab" * 32,
            digests=digests,
        )
    )
    before = merkle.leaf_hash(first)
    root = merkle.node_hash(before, merkle.leaf_hash(second))
    checkpoint = Checkpoint(ORIGIN, 2, root, previous)
    note = signed_note(checkpoint, LOG_KEY, SIGNER.sign(checkpoint.text().encode()))
    return TwoEntries(second, 1, (before,), root, note.decode())


def signed(size: int, root: bytes) -> str:
    """Return the signed note of a checkpoint that was the first."""
    checkpoint = Checkpoint(ORIGIN, size, merkle.Hash(root), 0)
    return signed_note(checkpoint, LOG_KEY, SIGNER.sign(checkpoint.text().encode())).decode()


def entry_of(log: TwoEntries) -> ProvenEntry:
    return ProvenEntry(leaf=log.leaf, index=log.index, proof=log.proof, checkpoint=log.checkpoint)
