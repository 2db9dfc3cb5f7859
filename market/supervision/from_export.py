"""Compute a report again from an export (离线复算): no database, no service, no trust in either.

The same entries and movements that ``queries.gather`` reads are read from the files of an export.
Whether these are genuine is asked of ``catalog.audit_log.verify`` first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import merkle
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Leaf
from catalog.audit_log.proven_log import leaves
from market.supervision.facts import (
    CALENDAR_YEAR_LOADED,
    ONLY_IN_THEIR_QUARTER,
    Fact,
    JournalFact,
    calendar_of,
    values_of,
)
from market.supervision.quarters import Quarter
from market.supervision.report import check_layout, compute, document, read_document
from settlement.ledger.journal import read_record

_JOURNAL: Final = f"{export.RECORDS}journal.jsonl"


def recompute(source: export.Source, record: bytes) -> bytes:
    """Return the bytes of the report ``record`` as the export of log and journal gives them.

    :raises ReportLayoutOther: if it was made by another layout.
    :raises msgspec.MsgspecError: if ``record`` is no report, or a file is no part of an export.
    :raises RecordUnreadable: if a journal record is not canonical.
    """
    header = read_document(record).header
    check_layout(header)
    quarter = Quarter(header.year, header.quarter)
    size = header.checkpoint.size
    payloads = _payloads(source)
    facts: list[Fact] = []
    late: set[str] = set()
    for index, raw in enumerate(leaves(source)):
        leaf = read_leaf(raw)
        at = dt.datetime.fromisoformat(leaf.at)
        if index >= size:
            late |= _posted(leaf)
        elif _is_read(leaf.event, at, quarter):
            facts.append(_fact(index, raw, leaf, at, payloads.get(index)))
    for line in source.lines(export.UNSEQUENCED):
        waiting = msgspec.json.decode(line, type=export.PayloadRow)
        late |= _posted(read_leaf(waiting.leaf or b""))
    journal = [entry for entry in _journal(source) if entry.key not in late]
    return document(compute(header, facts, journal, calendar_of(facts)))


def _is_read(event: str, at: dt.datetime, quarter: Quarter) -> bool:
    if event == CALENDAR_YEAR_LOADED:
        return True
    is_young = at >= quarter.starts_at or event not in ONLY_IN_THEIR_QUARTER
    return is_young and at < quarter.ends_at


def _posted(leaf: Leaf) -> set[str]:
    if leaf.event != Event.JOURNAL_POSTED:
        return set()
    return {subject.id for subject in leaf.subjects if subject.kind == "journal"}


def _payloads(source: export.Source) -> dict[int, bytes]:
    rows = (
        msgspec.json.decode(line, type=export.PayloadRow) for line in source.lines(export.PAYLOADS)
    )
    return {row.idx: row.payload for row in rows if row.idx is not None and row.payload is not None}


def _fact(index: int, raw: bytes, leaf: Leaf, at: dt.datetime, payload: bytes | None) -> Fact:
    told = {} if payload is None else msgspec.json.decode(payload)
    return Fact(
        index=index,
        at=at,
        event=leaf.event,
        leaf_hash=merkle.leaf_hash(raw).hex(),
        subjects=leaf.subjects,
        digests=leaf.digests,
        values=values_of(told or None),
        actor_party_id=(told.get("actor") or {}).get("party_id"),
    )


def _journal(source: export.Source) -> Iterator[JournalFact]:
    for line in source.lines(_JOURNAL):
        row = msgspec.json.decode(line, type=export.RecordRow)
        entry = read_record(row.record)
        yield JournalFact(
            key=str(entry.key),
            kind=entry.kind.value,
            amount_fen=entry.amount_fen,
            sha256=hashlib.sha256(row.record).hexdigest(),
            booked_at=entry.booked_at,
        )
