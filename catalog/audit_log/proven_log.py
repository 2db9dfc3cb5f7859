"""Read a log that proves itself: its entries hash to the root that its key signed (可证日志).

Who holds one document asks it here whether an entry knows the document, without the records,
payloads and checkpoints of a whole export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import key_chain, merkle, tiles
from catalog.audit_log.checkpoint import (
    Checkpoint,
    NoteMalformed,
    VerifierKey,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
)
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings


class ProvenLog(msgspec.Struct, frozen=True):
    """What was looked for in a log: its signed size, when its last entry was made, and what fits."""

    size: int
    last_at: str
    found: tuple[tuple[int, Leaf], ...]
    hashes: tuple[merkle.Hash, ...]  # of the leaves that fit, in the same order


def read(
    source: export.Source, key: VerifierKey, found: Findings, wanted: Callable[[Leaf], bool]
) -> ProvenLog | None:
    """Return the signed entries that fit; None, and what is wrong is told, if it is not this log."""
    checkpoint = _checkpoint(source, key, found)
    if checkpoint is None:
        return None
    notices = key_chain.PlacesOfNotices(key)
    edge = merkle.Edge()
    fitting: list[tuple[int, Leaf]] = []
    hashes: list[merkle.Hash] = []
    last_at = ""
    try:
        for index, raw in enumerate(leaves(source)):
            if index == checkpoint.size:
                break
            leaf_hash = merkle.leaf_hash(raw)
            edge, _ = edge.extended([leaf_hash])
            leaf = read_leaf(raw)
            last_at = leaf.at
            notices.see(found, index, key_chain.bound_by(leaf))
            if wanted(leaf):
                fitting.append((index, leaf))
                hashes.append(leaf_hash)
    except (msgspec.MsgspecError, ValueError) as error:
        found.bad("entry", edge.size, f"is no leaf: {error}")
        return None
    if (edge.size, edge.root()) != (checkpoint.size, checkpoint.root):
        reason = "the entries of the log do not have the signed root"
        found.bad("checkpoint", checkpoint.size, reason)
        return None
    notices.end(found, checkpoint.size)
    found.count("entries of the log", checkpoint.size)
    return ProvenLog(checkpoint.size, last_at, tuple(fitting), tuple(hashes))


def _checkpoint(source: export.Source, key: VerifierKey, found: Findings) -> Checkpoint | None:
    note = source.read(export.CHECKPOINT)
    if note is None:
        found.bad("checkpoint", "newest", "is missing")
        return None
    return opened(found, note, key, "newest")


def opened(found: Findings, note: bytes, key: VerifierKey, name: object) -> Checkpoint | None:
    """Return what a signed note says; None, and what is wrong is told, if the log did not sign it."""
    try:
        checkpoint = open_checkpoint(note, key)
    except NoteMalformed as error:
        found.bad("checkpoint", name, f"is malformed: {error.facts['reason']}")
        return None
    if checkpoint is None:
        opened_note = parse_note(note)
        more = key.why_not(opened_note, parse_checkpoint(opened_note.text))
        reason, fault = more or ("another log, or another key", Fault.OTHER_LOG)
        found.bad("checkpoint", name, f"is not signed by {key.name}: {reason}", fault)
    return checkpoint


def leaves(source: export.Source) -> Iterator[bytes]:
    """Yield the leaves of a log in their order, as far as they lie there.

    :raises ValueError: if a bundle ends inside an entry.
    """
    number = 0
    while (bundle := widest(source, tiles.TilePath(None, number))) is not None:
        yield from tiles.unpack(bundle)
        number += 1


def widest(source: export.Source, path: tiles.TilePath) -> bytes | None:
    """Return a tile, or the widest of its unfinished forms."""
    full = source.read(str(path))
    if full is not None:
        return full
    partial = f"{path}.p/"
    widths = [name.removeprefix(partial) for name in source.names(partial)]
    width = max((int(width) for width in widths if width.isdigit()), default=None)
    return None if width is None else source.read(f"{partial}{width}")
