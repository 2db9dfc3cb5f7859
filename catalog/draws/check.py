"""Check offline that an entry of a draw is in the log, and what it holds (抽取记录核验)."""

from __future__ import annotations

import msgspec

from catalog.audit_log import merkle, proven_log
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings
from catalog.draws.model import EarlierCheckpoint, ProvenEntry


def proven(
    found: Findings, name: str, entry: ProvenEntry, log_key: VerifierKey
) -> tuple[bytes, Leaf | None] | None:
    """Return the signed root over an entry and what the entry says; None if it is not proven."""
    checkpoint = proven_log.opened(found, entry.checkpoint.encode(), log_key, "of the draw")
    if checkpoint is None:
        return None
    is_under = entry.index < checkpoint.size and merkle.verify_inclusion(
        merkle.leaf_hash(entry.leaf), entry.index, checkpoint.size, entry.proof, checkpoint.root
    )
    if not is_under:
        reason = "the proof of its entry does not lead to the signed root"
        found.bad("draw", name, reason, Fault.NOT_INCLUDED)
        return None
    found.count("proofs of inclusion")
    try:
        return bytes(checkpoint.root), read_leaf(entry.leaf)
    except msgspec.MsgspecError:
        return bytes(checkpoint.root), None


def check_first(
    found: Findings,
    name: str,
    entry: ProvenEntry,
    before: EarlierCheckpoint | None,
    log_key: VerifierKey,
) -> None:
    """Tell whether an entry's checkpoint is the first over it; it was found to be proven before.

    Each checkpoint names the one that was signed before it. That one is given, was signed by the
    same log, and does not reach the entry.
    """
    used = proven_log.opened(found, entry.checkpoint.encode(), log_key, "of the draw")
    assert used is not None, "it was opened before"
    if used.previous is None:
        found.note("its checkpoint names no earlier one; that it was the first is told by the log")
    elif used.previous > entry.index:
        reason = "a checkpoint over the commitment was signed before the one that was used"
        found.bad("draw", name, reason)
    elif used.previous == 0 or _is_before(found, before, used, log_key):
        found.count("first checkpoints")
    else:
        reason = "the checkpoint before the one that was used is missing, or is another one"
        found.bad("draw", name, reason)


def _is_before(
    found: Findings, before: EarlierCheckpoint | None, used: Checkpoint, log_key: VerifierKey
) -> bool:
    if before is None:
        return False
    earlier = proven_log.opened(found, before.checkpoint.encode(), log_key, "before the draw")
    return (
        earlier is not None
        and earlier.size == used.previous
        and merkle.verify_consistency(
            earlier.size, used.size, earlier.root, used.root, before.consistency
        )
    )


def digests(leaf: Leaf | None, kind: str, name: str) -> list[str]:
    """Return the digests of a kind that an entry holds about a thing."""
    if leaf is None:
        return []
    return [each.sha256 for each in leaf.digests if (each.kind, each.id) == (kind, name)]
