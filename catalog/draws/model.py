"""The nouns of this room: an entry of the log with its proof, and the checkpoint before it."""

from __future__ import annotations

import msgspec


class ProvenEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the log with the proof that it lies under a signed checkpoint."""

    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str  # the signed note


class EarlierCheckpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The checkpoint that was signed before, and the proof that the log only grew since."""

    checkpoint: str  # the signed note
    consistency: tuple[bytes, ...]
