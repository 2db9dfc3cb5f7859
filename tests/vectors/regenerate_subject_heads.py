"""Make the example that ``catalog/subject_heads/FORMAT.md`` refers to, always the same bytes.

``python -m tests.vectors.regenerate_subject_heads`` writes it; a test compares.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.audit_log.leaf import leaf_bytes
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.draws.model import ProvenEntry
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.subject_heads import heads
from catalog.subject_heads.model import ENTRIES, HEADS, SubjectEntries

PATH = pathlib.Path(__file__).with_name("subject_heads.json")
SIGNER = Signer(Purpose.CHECKPOINT, b"\x02" * 32)
KEY = VerifierKey("shushi.example/log", SIGNER.public_key)
AT = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)
NAMED = (("order:1", "product:1"), ("order:2", "product:1"), ("order:1", "product:1"), ("key:k",))
SUBJECTS = ("order:1", "order:3")


def leaf(number: int, event: str, subjects: tuple[str, ...], *digests: Digest) -> bytes:
    """Return one leaf of the example."""
    return leaf_bytes(
        EntryId(uuid.UUID(int=(7 << 76) + (2 << 62) + number)),
        AT + dt.timedelta(seconds=number),
        event,
        subjects=[Subject(*each.split(":", 1)) for each in subjects],
        payload_sha256=f"{number:02x}" * 32,
        digests=digests,
    )


def example() -> dict[str, object]:
    """Return leaves, heads, record, and what is proven of a subject and of one without entries."""
    leaves = [leaf(number, "data:used", named) for number, named in enumerate(NAMED)]
    snapshot = heads.snapshot_of(len(leaves), heads.grown({}, enumerate(leaves)).values())
    record = canonical(snapshot.record())
    size = str(len(leaves))
    bound = Digest(HEADS, size, sha256_hex(record))
    leaves.append(leaf(len(leaves), "heads:published", (f"{HEADS}:{size}",), bound))
    hashes = [merkle.leaf_hash(each) for each in leaves]
    tiles = heads.tiles_of(hashes)
    index = len(leaves) - 1
    spans = merkle.inclusion_spans(index, len(leaves))
    checkpoint = Checkpoint(KEY.name, len(leaves), merkle.root_of(leaves), 0)
    note = signed_note(checkpoint, KEY, SIGNER.sign(checkpoint.text().encode()))
    entry = ProvenEntry(
        leaf=leaves[index],
        index=index,
        proof=tuple(merkle.hashes_of(spans, tiles)),
        checkpoint=note.decode(),
    )
    told = [
        SubjectEntries(
            format=ENTRIES,
            proof=heads.prove(snapshot, subject),
            bound=entry,
            leaves=tuple(each for each in leaves if subject in heads.subjects_of(each)),
        )
        for subject in SUBJECTS
    ]
    return {
        "log_key": str(KEY),
        "leaves": [each.decode() for each in leaves],
        "heads": [head.packed().hex() for head in snapshot.heads],
        "record": record.decode(),
        "entries": msgspec.to_builtins(told),
    }


if __name__ == "__main__":
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(example()), indent=1) + b"\n")
