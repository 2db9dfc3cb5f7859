"""Check the timestamps of an exported log: each by itself, and that none was let lapse (离线验证).

1. Each is of a trusted authority, over what its record says.
2. What is stamped is a checkpoint of this log, and not stamped before it was signed; or the text of
   an archive stamp, whose two roots are computed again.
3. Each still holds, or was carried on by a later one before it ended (``chain.py``).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import proven_log, tiles
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.merkle import TILE_WIDTH
from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.errors import DomainError
from catalog.timestamps import archive, chain, hashing, revocation, token
from catalog.timestamps.archive import Archive
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import TIMESTAMP, Kind, Left, Record, read_record
from catalog.timestamps.token import Trust

T = TypeVar("T")

RECORDS: Final = f"{export.RECORDS}{TIMESTAMP}.jsonl"
#: Archive stamps that were made over an export, long after it left its log.
ARCHIVED: Final = "archive-timestamps.jsonl"
#: How much earlier than the signer's an authority's clock may be [P].
CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)
_MARK: Final = b'"timestamp"'


class ArchivedRow(msgspec.Struct, frozen=True):
    """A line of a file of records: the number as text, and the record's bytes."""

    id: str
    record: bytes


class _Signed(msgspec.Struct, frozen=True):
    size: int
    note: bytes
    published_at: str


class _Held(msgspec.Struct, frozen=True):
    raw: bytes
    record: Record
    link: chain.Link


def check(
    source: export.Source, found: Findings, trust: Trust | None, *, left: Left, now: dt.datetime
) -> None:
    """Check all timestamps of an export whose log was found to be genuine already.

    Without trust in any authority none is checked, and that is noted.
    """
    rows, own = records_of(source, found)
    if trust is None:
        if rows:
            found.note(f"{len(rows)} timestamps were not checked: give --tsa-ca")
        return
    held = _held(source, found, trust, rows, own)
    _archives(source, found, held)
    _chain(found, [each.link for each in held], left, now)


def links_of(source: export.Source, found: Findings, trust: Trust) -> list[chain.Link]:
    """Return all timestamps of an export as a chain asks about them; what is wrong is told."""
    rows, own = records_of(source, found)
    return [each.link for each in _held(source, found, trust, rows, own)]


def _held(
    source: export.Source, found: Findings, trust: Trust, rows: list[bytes], own: int
) -> list[_Held]:
    places = _places(source)
    signed = {row.size: row for row in _decoded(source, export.CHECKPOINTS, _Signed)}
    held: list[_Held] = []
    for number, raw in enumerate(rows, 1):
        one = _one(found, number, raw, trust, signed, places)
        if one is not None and number > own and one.record.kind is not Kind.ARCHIVE:
            reason = "beside the log there are archive stamps only"
            found.bad(TIMESTAMP, number, reason, Fault.TIMESTAMP_WRONG)
        elif one is not None:
            held.append(one)
            found.count("timestamps")
    return held


def _one(  # noqa: PLR0917
    found: Findings,
    number: int,
    raw: bytes,
    trust: Trust,
    signed: Mapping[int, _Signed],
    places: Mapping[str, int],
) -> _Held | None:
    """Return a timestamp that is what its record says; None, and what is wrong is told."""
    try:
        record = read_record(raw)
        stamped = token.check(record.response, record.covers, trust)
        if revocation.check(stamped.chain, (*record.said, *trust.lists), stamped.at):
            found.count("timestamps whose certificate stood, as was said at their time")
        covers = archive.parse(record.covers).count if record.kind is Kind.ARCHIVE else 0
    except DomainError as error:
        told = str(error.facts.get("reason", error.code))
        found.bad(TIMESTAMP, number, told, Fault.TIMESTAMP_WRONG)
        return None
    reason: str | None = None
    if (record.number, record.algorithm) != (number, stamped.algorithm):
        reason = "it says another number or hash than it has"
    elif record.kind is Kind.CHECKPOINT:
        reason = _checkpoint_fault(record, signed.get(record.size), stamped.at)
    if reason is not None:
        found.bad(TIMESTAMP, number, reason, Fault.TIMESTAMP_WRONG)
        return None
    link = chain.Link(
        number=number,
        kind=record.kind,
        size=record.size,
        algorithm=record.algorithm,
        stamped_at=stamped.at,
        ends_at=stamped.ends_at,
        index=places.get(str(number)),
        covers=covers,
    )
    return _Held(raw, record, link)


def _checkpoint_fault(record: Record, signed: _Signed | None, at: dt.datetime) -> str | None:
    if signed is None or signed.note != record.covers:
        return "what it is over is no checkpoint of this log"
    if at < dt.datetime.fromisoformat(signed.published_at) - CLOCKS_DIFFER:
        return f"it says {at.isoformat()}, but its checkpoint was signed at {signed.published_at}"
    return None


def _archives(source: export.Source, found: Findings, held: list[_Held]) -> None:
    """Compute the roots of every archive stamp again."""
    texts = {
        each.record.number: archive.parse(each.record.covers)
        for each in held
        if each.record.kind is Kind.ARCHIVE
    }
    if not texts:
        return
    entries = _entries_roots(source, texts)
    records = [each.raw for each in held]
    for number, text in texts.items():
        before = archive.hashes_of(text.algorithm, records[: text.count])
        if text.count != len(before) or text.count >= number:
            reason = "it is over more timestamps than there are before it"
        elif hashing.root_of(text.algorithm, before) != text.records_root:
            reason = "the timestamps before it do not have its root"
        elif entries.get(number) != text.entries_root:
            reason = "the entries do not have its root"
        else:
            continue
        found.bad(TIMESTAMP, number, reason, Fault.TIMESTAMP_WRONG)


def _entries_roots(source: export.Source, texts: Mapping[int, Archive]) -> dict[int, bytes]:
    """Return the root over the bundles up to the size of each archive stamp, in one pass."""
    full: dict[HashAlgorithm, list[bytes]] = {each.algorithm: [] for each in texts.values()}
    roots: dict[int, bytes] = {}
    for place, bundle in enumerate(archive.bundles(proven_log.leaves(source))):
        leaves = list(tiles.unpack(bundle))
        for number, text in texts.items():
            whole, rest = divmod(text.size, TILE_WIDTH)
            if whole == place and 0 < rest <= len(leaves):
                last = hashing.leaf_hash(text.algorithm, tiles.pack(leaves[:rest]))
                roots[number] = hashing.root_of(text.algorithm, [*full[text.algorithm], last])
        if len(leaves) == TILE_WIDTH:
            for algorithm, hashes in full.items():
                hashes.append(hashing.leaf_hash(algorithm, bundle))
    for number, text in texts.items():
        whole, rest = divmod(text.size, TILE_WIDTH)
        if not rest and whole <= len(full[text.algorithm]):
            roots[number] = hashing.root_of(text.algorithm, full[text.algorithm][:whole])
    return roots


def _chain(found: Findings, links: list[chain.Link], left: Left, now: dt.datetime) -> None:
    for broken in chain.broken(links, left, now)[: Findings.MOST]:
        after = chain.first_carrier(links, broken.link)
        reason = f"it ended at {broken.ended_at.isoformat()}, and "
        if after is None:
            reason += "nothing carried it on"
        elif after.stamped_at < broken.ended_at:
            reason += f"what carried it on, timestamp {after.number}, ended as well"
        else:
            at = after.stamped_at.isoformat()
            reason += f"timestamp {after.number} carried it on too late, at {at}"
        found.bad(TIMESTAMP, broken.link.number, reason, Fault.TIMESTAMP_LATE)


def _places(source: export.Source) -> dict[str, int]:
    """Return where in the log the digest of each timestamp stands."""
    places: dict[str, int] = {}
    for index, raw in enumerate(proven_log.leaves(source)):
        if _MARK in raw:
            for each in read_leaf(raw).digests:
                if each.kind == TIMESTAMP:
                    places.setdefault(each.id, index)
    return places


def records_of(source: export.Source, found: Findings) -> tuple[list[bytes], int]:
    """Return the records in the order of their numbers, and how many of them are the log's own."""
    every = [_decoded(source, name, ArchivedRow) for name in (RECORDS, ARCHIVED)]
    by_number = {row.id: row.record for rows in every for row in rows}
    records: list[bytes] = []
    for number in range(1, len(by_number) + 1):
        record = by_number.get(str(number))
        if record is None:
            found.bad(TIMESTAMP, number, "is missing", Fault.TIMESTAMP_WRONG)
            break
        records.append(record)
    return records, len(every[0])


def everything(
    source: export.Source, origin: str, algorithm: HashAlgorithm, size: int, found: Findings
) -> Archive:
    """Return what an archive stamp over an export is over: all its records, and its entries up to a size."""
    records, _ = records_of(source, found)
    hashes = archive.hashes_of(algorithm, records)
    leaves = itertools.islice(proven_log.leaves(source), size)
    bundles = archive.hashes_of(algorithm, archive.bundles(leaves))
    return Archive(
        origin=origin,
        algorithm=algorithm,
        count=len(records),
        records_root=hashing.root_of(algorithm, hashes),
        size=size,
        entries_root=hashing.root_of(algorithm, bundles),
    )


def _decoded(source: export.Source, name: str, kind: type[T]) -> list[T]:
    decoder = msgspec.json.Decoder(kind)
    rows = []
    for line in source.lines(name):
        try:
            rows.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # named by who checked the log
    return rows
