"""Check offline that entries about a subject are all there are, and that heads were computed right."""

from __future__ import annotations

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.draws import check as proofs
from catalog.signing.canonical import canonical
from catalog.subject_heads import heads
from catalog.subject_heads.model import HEADS, Head, HeadsRecord, SubjectEntries


def read(raw: bytes) -> SubjectEntries:
    """Return the entries about a subject as they were handed out.

    :raises Unreadable: if they are none.
    """
    try:
        return msgspec.json.decode(raw, type=SubjectEntries)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"these are no entries about a subject: {error}") from error


def check(told: SubjectEntries, log_key: VerifierKey) -> Verdict:
    """Return what is found in entries about a subject that were handed out."""
    found = Findings()
    leaves = check_entries(found, told, log_key)
    if leaves is not None:
        found.note(f"these are all {len(leaves)} entries about {told.proof.subject}")
    return found.verdict()


def check_entries(
    found: Findings, told: SubjectEntries, log_key: VerifierKey
) -> tuple[bytes, ...] | None:
    """Return the leaves that are all entries about a subject; None if that is not proven.

    1. The entry that binds the heads lies under a checkpoint that the log's key signed.
    2. Its digest is that of the record, and the head stands in the record's tree, or its neighbours
       leave no place for it.
    3. The leaves are as many as the head counts, and its chain is the chain over them.
    """
    subject = told.proof.subject
    entry = proofs.proven(found, subject, told.bound, log_key)
    if entry is None:
        return None
    try:
        record, head = heads.check(told.proof)
    except heads.HeadsDiffer as error:
        found.bad(HEADS, subject, str(error), Fault.NOT_INCLUDED)
        return None
    if record.log_size > told.bound.index:
        reason = "its heads reach beyond the entry that binds them"
        found.bad(HEADS, subject, reason, Fault.CONTENT_DIFFERS)
        return None
    digests = proofs.digests(entry[1], HEADS, str(record.log_size))
    if digests != [heads.record_sha256(told.proof)]:
        found.bad(HEADS, subject, "the log binds other heads of this size", Fault.NOT_BOUND)
        return None
    found.count("heads")
    return _whole(found, told, head)


def _whole(found: Findings, told: SubjectEntries, head: Head | None) -> tuple[bytes, ...] | None:
    subject, leaves = told.proof.subject, told.leaves
    if leaves is None:
        found.note(f"the entries about {subject} are not in this file; the log has them")
        return None
    counted = 0 if head is None else head.count
    if len(leaves) != counted:
        reason = f"{len(leaves)} entries are shown, and the log has {counted}"
        found.bad(HEADS, subject, reason, Fault.CONTENT_DIFFERS)
        return None
    if head is not None and heads.chain_of(leaves) != head.chain:
        reason = "the entries that are shown are not those that the log has, or not in its order"
        found.bad(HEADS, subject, reason, Fault.CONTENT_DIFFERS)
        return None
    found.count("complete subjects")
    return leaves


def check_records(source: export.Source, found: Findings) -> None:
    """Compute every published record of heads again from the leaves of an export.

    That the log binds the records as they stand in the export is checked with all other records.
    """
    records = _records(source)
    standing: dict[bytes, Head] = {}
    for index, leaf in enumerate(proven_log.leaves(source)):
        if index in records:
            _compare(found, records.pop(index), standing, index)
        if not records:
            return
        try:
            standing |= heads.grown(standing, [(index, leaf)])
        except msgspec.MsgspecError:  # named where all leaves are read
            return
    for size in sorted(records):
        found.bad(HEADS, str(size), "the log does not reach so far")


def _records(source: export.Source) -> dict[int, bytes]:
    records: dict[int, bytes] = {}
    for line in source.lines(f"{export.RECORDS}{HEADS}.jsonl"):
        try:
            row = msgspec.json.decode(line, type=export.RecordRow)
            records[int(row.id)] = row.record
        except (msgspec.MsgspecError, ValueError):
            continue  # named where all records are read
    return records


def _compare(found: Findings, record: bytes, standing: dict[bytes, Head], size: int) -> None:
    expected: HeadsRecord = heads.snapshot_of(size, standing.values()).record()
    if canonical(expected) == record:
        found.count("heads computed again")
    else:
        found.bad(HEADS, str(size), "the leaves below it give other heads", Fault.CONTENT_DIFFERS)
