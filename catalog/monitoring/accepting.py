"""Say whether a checkpoint continues what was accepted before (是否接受检查点)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from catalog.audit_log import further_lines, merkle
from catalog.audit_log.checkpoint import Checkpoint, NoteMalformed, parse_checkpoint, parse_note
from catalog.audit_log.further_lines import FurtherKey
from catalog.audit_log.merkle import EMPTY_ROOT, Hash
from catalog.monitoring.alerts import Alert, Kind, Wrong
from catalog.signing.sm2 import Sm2Unavailable
from catalog.witnessing import policy as policies
from catalog.witnessing.cosignature import CosignatureWrong
from catalog.witnessing.log_keys import FetchTiles, LogKeys
from catalog.witnessing.policy import LogNotInPolicy, Policy, QuorumMissing, Witnessed


class Accepted(msgspec.Struct, frozen=True):
    """The newest checkpoint of a log that was accepted; of size 0 if none was."""

    size: int = 0
    root: Hash = EMPTY_ROOT


def opened(raw: bytes, origin: str, keys: LogKeys) -> Checkpoint:
    """Return the checkpoint of a note that a key of this log signed which is in force at its size.

    :raises Wrong: if it is malformed, of another log, or not signed by one of them.
    """
    try:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
    except NoteMalformed as error:
        reason = str(error.facts["reason"])
        raise Wrong(Kind.MALFORMED, "checkpoint", reason) from error
    if checkpoint.origin != origin:
        raise Wrong(Kind.OTHER_LOG, "checkpoint", f"it is of the log {checkpoint.origin}")
    if not keys.has_signed(note, checkpoint):
        raise Wrong(Kind.UNSIGNED, "checkpoint", keys.why_not(note, checkpoint))
    return checkpoint


def line_alerts(raw: bytes, keys: Sequence[FurtherKey]) -> list[Alert]:
    """Return which lines of further algorithms are missing, or not their keys', on a note that was opened."""
    note = parse_note(raw)
    checkpoint = parse_checkpoint(note.text)
    lines = dict(further_lines.lines_of(note, keys))
    found = []
    for key in keys:
        about = f"{key.algorithm.value} {key.note_id.hex()}"
        kind, why = Kind.LINE_MISSING, "the checkpoint has no line of this key"
        if key in lines:
            try:
                if further_lines.is_good(note, checkpoint, key, lines[key]):
                    continue
                kind, why = Kind.LINE_WRONG, "the line in its name is not its signature"
            except Sm2Unavailable:
                why = "this machine can not check it: it has no OpenSSL 3 with SM2"
        found.append(Alert(kind=kind, about=about, why=why))
    return found


def proof_that_it_continues(
    held: Accepted, told: Checkpoint, fetch: FetchTiles
) -> tuple[Hash, ...]:
    """Return the proof that a checkpoint continues the one that was accepted.

    :raises Wrong: if it is smaller, another tree of the same size, or another history; or if the
        tiles do not lead to its root, so that nothing is proven.
    """
    if told.size < held.size:
        why = f"{told.size} entries are signed, and {held.size} were"
        raise Wrong(Kind.TRUNCATED, f"size {held.size}", why)
    if told.size == held.size:
        if told.root != held.root:
            raise Wrong(Kind.FORKED, f"size {held.size}", "two trees of this size are signed")
        return ()
    spans = [(0, told.size), *merkle.consistency_spans(held.size, told.size)]
    if held.size:
        spans.append((0, held.size))
    tiles = fetch(told.size, merkle.tiles_of(spans))
    try:
        root, *proof = merkle.hashes_of(spans, tiles)
    except ValueError as error:
        raise Wrong(Kind.TILE_DIFFERS, f"size {told.size}", str(error)) from error
    if root != told.root:
        raise Wrong(Kind.TILE_DIFFERS, f"size {told.size}", "its tiles do not have the signed root")
    if held.size and proof.pop() != held.root:
        why = f"the tree of {told.size} that is signed now does not continue it"
        raise Wrong(Kind.FORKED, f"size {held.size}", why)
    if not merkle.verify_consistency(held.size, told.size, held.root, told.root, proof):
        raise Wrong(Kind.TILE_DIFFERS, f"size {told.size}", "its tiles contradict each other")
    return tuple(proof)


def witnessed(raw: bytes, policy: Policy, keys: LogKeys) -> Witnessed:
    """Return the checkpoint of this log that enough witnesses cosigned, and when they did.

    :raises Wrong: if the note is none, not this log's, wrongly cosigned, or by too few.
    """
    try:
        return policies.check(policy, raw, keys.has_signed)
    except NoteMalformed as error:
        reason = str(error.facts["reason"])
        raise Wrong(Kind.MALFORMED, "checkpoint.witnessed", reason) from error
    except LogNotInPolicy as error:
        why = "no key of the log signed it"
        raise Wrong(Kind.UNSIGNED, "checkpoint.witnessed", why) from error
    except CosignatureWrong as error:
        witness = str(error.facts["witness"])
        raise Wrong(Kind.COSIGNATURE_WRONG, witness, "the line is not its own") from error
    except QuorumMissing as error:
        cosigned = ", ".join(error.facts["cosigned"]) or "nobody"
        raise Wrong(Kind.QUORUM_MISSING, "checkpoint.witnessed", f"by {cosigned}") from error


def check_part(part: Checkpoint, whole: Accepted, fetch: FetchTiles) -> None:
    """Return if a checkpoint is of an earlier time of the tree that was accepted.

    :raises Wrong: if it is of another tree: one was shown to the witnesses, another to us.
    """
    if part.size > whole.size:
        return  # looked at again when that size is accepted
    spans = [(0, part.size)]
    tiles = fetch(whole.size, merkle.tiles_of(spans))
    try:
        (root,) = merkle.hashes_of(spans, tiles) if part.size else (EMPTY_ROOT,)
    except ValueError as error:
        raise Wrong(Kind.TILE_DIFFERS, f"size {part.size}", str(error)) from error
    if root != part.root:
        why = "the witnesses saw another tree of this size"
        raise Wrong(Kind.FORKED, f"size {part.size}", why)
