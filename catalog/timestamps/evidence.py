"""Carry the proof of one entry's time through decades, in one file (证据记录，仿 RFC 4998).

The first step is a timestamp over a checkpoint that holds the entry; every further one is over what
came before, made while that still held. Only the last has to hold today.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import merkle, tiles
from catalog.audit_log.checkpoint import NoteMalformed, VerifierKey, open_checkpoint
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import sha256_hex
from catalog.timestamps import archive, chain, hashing, revocation, token
from catalog.timestamps.model import TIMESTAMP, Kind, Left, Record, read_record
from catalog.timestamps.token import Trust

FORMAT: Final = "shushi/evidence-record/1"


class InTheLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a leaf lies under the checkpoint that was stamped (RFC 6962)."""

    leaf: bytes
    index: int
    hashes: tuple[bytes, ...]


class InTheArchive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the record before, and the bundle of the entry, lie under the roots that were stamped."""

    record_path: tuple[bytes, ...]
    bundle: bytes
    bundle_path: tuple[bytes, ...]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One timestamp, and how it is over what came before it."""

    record: bytes
    in_the_log: InTheLog | None = None
    in_the_archive: InTheArchive | None = None


class EvidenceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the log, and the timestamps that prove when it was there."""

    format: str = FORMAT
    leaf: bytes
    index: int
    steps: tuple[Step, ...]


class _Wrong(Exception):
    """A step does not hold; the reason."""


def read(raw: bytes) -> EvidenceRecord:
    """Return an evidence record.

    :raises Unreadable: if it is none.
    """
    try:
        read = msgspec.json.decode(raw, type=EvidenceRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no evidence record: {error}") from error
    if read.format != FORMAT or not read.steps:
        raise Unreadable("no evidence record: another format, or no steps")
    return read


def check(
    evidence: EvidenceRecord, key: VerifierKey, trust: Trust, *, left: Left, now: dt.datetime
) -> Verdict:
    """Return what is found: each step over the one before, in time, and the last still holding.

    The first step that is wrong is named; what comes after it is not looked at.
    """
    found = Findings()
    before: chain.Link | None = None
    first_at: dt.datetime | None = None
    for number, step in enumerate(evidence.steps):
        previous = evidence.steps[number - 1].record if number else None
        try:
            record = read_record(step.record)
            link = _checked(evidence, step, record, previous, key, trust)
        except (_Wrong, DomainError) as error:
            told = error.facts.get("reason", error) if isinstance(error, DomainError) else error
            found.bad(TIMESTAMP, f"step {number + 1}", str(told), Fault.TIMESTAMP_WRONG)
            return found.verdict()
        if before is not None and not before.stamped_at <= link.stamped_at < chain.end_of(
            before, left
        ):
            reason = _late(before, link, left)
            found.bad(TIMESTAMP, record.number, reason, Fault.TIMESTAMP_LATE)
            return found.verdict()
        first_at, before = first_at or link.stamped_at, link
        found.count("timestamps")
    assert before is not None, "there is a step"
    assert first_at is not None, "likewise"
    if now >= chain.end_of(before, left):
        reason = f"it ended at {chain.end_of(before, left).isoformat()}, and nothing carries it on"
        found.bad(TIMESTAMP, before.number, reason, Fault.TIMESTAMP_LATE)
    else:
        found.note(f"the entry {evidence.index} was in the log at {first_at.isoformat()}")
        for digest in read_leaf(evidence.leaf).digests:
            found.note(f"it binds {digest.kind} {digest.id}, SHA-256 {digest.sha256}")
    return found.verdict()


def _late(before: chain.Link, link: chain.Link, left: Left) -> str:
    end = chain.end_of(before, left)
    return (
        f"its time {link.stamped_at.isoformat()} does not lie between that of timestamp "
        f"{before.number}, {before.stamped_at.isoformat()}, and the end of that, {end.isoformat()}"
    )


def _checked(  # noqa: PLR0917
    evidence: EvidenceRecord,
    step: Step,
    record: Record,
    previous: bytes | None,
    key: VerifierKey,
    trust: Trust,
) -> chain.Link:
    stamped = token.check(record.response, record.covers, trust)
    revocation.check(stamped.chain, (*record.said, *trust.lists), stamped.at)
    if stamped.algorithm is not record.algorithm:
        raise _Wrong("it is hashed by another algorithm than it says")
    if record.kind is Kind.CHECKPOINT:
        _in_the_log(evidence, step.in_the_log, record, previous, key)
    else:
        _in_the_archive(evidence, step.in_the_archive, record, previous, key)
    return chain.Link(
        number=record.number,
        kind=record.kind,
        size=record.size,
        algorithm=record.algorithm,
        stamped_at=stamped.at,
        ends_at=stamped.ends_at,
    )


def _in_the_log(
    evidence: EvidenceRecord,
    held: InTheLog | None,
    record: Record,
    previous: bytes | None,
    key: VerifierKey,
) -> None:
    """Check that the entry, or the record of the step before, lies under a stamped checkpoint."""
    if held is None:
        raise _Wrong("it does not say where under its checkpoint")
    try:
        checkpoint = open_checkpoint(record.covers, key)
    except NoteMalformed as error:
        raise _Wrong(f"its checkpoint is malformed: {error.facts['reason']}") from error
    if checkpoint is None:
        raise _Wrong(f"its checkpoint is not signed by {key.name}: another log, or another key")
    if previous is None and (held.leaf, held.index) != (evidence.leaf, evidence.index):
        raise _Wrong("it is about another entry")
    if previous is not None and not _binds(held.leaf, previous):
        raise _Wrong("the entry shown does not hold the digest of the timestamp before")
    proof = [merkle.Hash(each) for each in held.hashes]
    if not merkle.verify_inclusion(
        merkle.leaf_hash(held.leaf), held.index, checkpoint.size, proof, checkpoint.root
    ):
        raise _Wrong("the entry does not lie under its checkpoint")


def _binds(leaf: bytes, record: bytes) -> bool:
    try:
        digests = read_leaf(leaf).digests
        number = str(read_record(record).number)
    except (msgspec.MsgspecError, ValueError):
        return False
    told = sha256_hex(record)
    return any((d.kind, d.id, d.sha256) == (TIMESTAMP, number, told) for d in digests)


def _in_the_archive(
    evidence: EvidenceRecord,
    held: InTheArchive | None,
    record: Record,
    previous: bytes | None,
    key: VerifierKey,
) -> None:
    """Check that the record of the step before, and the entry, lie under the stamped roots."""
    if held is None or previous is None:
        raise _Wrong("it does not say where in the archive, or comes first")
    text = archive.parse(record.covers)
    if (text.origin, text.algorithm) != (key.name, record.algorithm):
        raise _Wrong("its text is of another log, or names another hash")
    number = read_record(previous).number
    leaf = hashing.leaf_hash(text.algorithm, previous)
    root = hashing.root_from(text.algorithm, leaf, number - 1, text.count, held.record_path)
    if root != text.records_root:
        raise _Wrong("the timestamp before does not lie under its root of timestamps")
    try:
        leaves = list(tiles.unpack(held.bundle))
    except ValueError as error:
        raise _Wrong(str(error)) from error
    place, within = divmod(evidence.index, merkle.TILE_WIDTH)
    if within >= len(leaves) or leaves[within] != evidence.leaf:
        raise _Wrong("the bundle does not hold the entry at its place")
    count = -(-text.size // merkle.TILE_WIDTH)
    leaf = hashing.leaf_hash(text.algorithm, held.bundle)
    if hashing.root_from(text.algorithm, leaf, place, count, held.bundle_path) != text.entries_root:
        raise _Wrong("the entry's bundle does not lie under its root of entries")
