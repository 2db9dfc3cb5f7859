"""Read from the log what a draw needs: the seed of a commitment, and its proof."""

from __future__ import annotations

import uuid

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.model import EntryId
from catalog.draws.model import EarlierCheckpoint, ProvenEntry
from catalog.draws.seats import DrawNotReady, seed_of
from catalog.kernel.db import Tx


class Chance(msgspec.Struct, frozen=True):
    """What chance said: the seed, and how large the tree was whose root gave it."""

    seed: bytes
    checkpoint_size: int


async def chance(tx: Tx, *, entry_id: uuid.UUID, commitment_sha256: str) -> Chance:
    """Return the seed that the first checkpoint over a commitment gives.

    :raises DrawNotReady: if no checkpoint covers it yet.
    """
    published = await log.find_first_checkpoint_over(tx, EntryId(entry_id))
    if published is None:
        raise DrawNotReady
    return Chance(seed_of(commitment_sha256, bytes(published.root)), published.size)


async def find_proven(tx: Tx, entry_id: uuid.UUID) -> ProvenEntry | None:
    """Return an entry with its proof under the first checkpoint over it, None while there is none."""
    checkpoint = await log.find_first_checkpoint_over(tx, EntryId(entry_id))
    index = await log.find_index(tx, EntryId(entry_id))
    if checkpoint is None or index is None:
        return None
    proof = await log.prove_inclusion(tx, index, checkpoint.size)
    return ProvenEntry(
        leaf=await log.get_leaf(tx, index),
        index=index,
        proof=proof.hashes,
        checkpoint=checkpoint.note.decode(),
    )


async def find_earlier(tx: Tx, *, size: int) -> EarlierCheckpoint | None:
    """Return the checkpoint that was signed before the one of a size, None if that was the first."""
    earlier = await log.find_checkpoint_before(tx, size)
    if earlier is None:
        return None
    proof = await log.prove_consistency(tx, earlier.size, size)
    return EarlierCheckpoint(checkpoint=earlier.note.decode(), consistency=proof.hashes)
