"""Decide whether a witness cosigns a checkpoint (是否见证): C2SP tlog-witness, in its order."""

from __future__ import annotations

import msgspec

from catalog.audit_log.checkpoint import Checkpoint, Note
from catalog.audit_log.merkle import EMPTY_ROOT, Hash, verify_consistency
from catalog.kernel.errors import Conflict, Forbidden, Invalid, Refused
from catalog.witnessing.log_keys import LogKeys
from catalog.witnessing.request import AddCheckpoint


class LogSignatureMissing(Forbidden):
    """No key of the log that is in force signed the checkpoint, or a line in its name is wrong."""

    code = "witness_log_signature_missing"


class CheckpointSmaller(Invalid):
    """The checkpoint is smaller than the size it is said to continue: a history cut off."""

    code = "witness_checkpoint_smaller"


class OldSizeDiffers(Conflict):
    """The witness holds another size than the request continues; ``size`` says which."""

    code = "witness_old_size_differs"


class HistoryRefused(Refused):
    """The checkpoint does not continue what the witness cosigned before."""

    code = "witness_history_refused"


class Held(msgspec.Struct, frozen=True):
    """The newest checkpoint of a log that the witness cosigned."""

    size: int = 0
    root: Hash = EMPTY_ROOT


def check(
    request: AddCheckpoint,
    note: Note,
    checkpoint: Checkpoint,
    *,
    keys: LogKeys,
    held: Held,
) -> None:
    """Return if a witness that holds ``held`` may cosign the checkpoint.

    :raises LogSignatureMissing: if no key of the log that is in force at its size signed it.
    :raises CheckpointSmaller: if it is smaller than the size that the request names.
    :raises OldSizeDiffers: if that size is not the one held.
    :raises HistoryRefused: if the tree is another one than the one held, or not proven to grow it.
    """
    if not keys.has_signed(note, checkpoint):
        raise LogSignatureMissing(origin=checkpoint.origin, reason=keys.why_not(note, checkpoint))
    if request.old > checkpoint.size:
        raise CheckpointSmaller(old=request.old, size=checkpoint.size)
    if request.old != held.size:
        raise OldSizeDiffers(size=held.size)
    reason = _fault(request, checkpoint, held)
    if reason is not None:
        raise HistoryRefused(reason=reason, held=held.size, size=checkpoint.size)


def _fault(request: AddCheckpoint, checkpoint: Checkpoint, held: Held) -> str | None:
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        return "empty_tree_has_another_root"
    if checkpoint.size == held.size and checkpoint.root != held.root:
        return "another_root"
    is_proven = verify_consistency(
        held.size, checkpoint.size, held.root, checkpoint.root, request.proof
    )
    return None if is_proven else "inconsistent"
