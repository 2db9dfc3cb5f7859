"""Check the closed months of an export from its journal alone, offline (月结核验).

For each month: its entries in the order of their keys are as many as the record says, they chain
from the link of the month before to the link that was sealed, and their legs lead each purpose from
its opening to its closing. So no entry was put into a closed month, taken out, or changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log.verdict import Findings
from catalog.kernel.errors import DomainError
from settlement.ledger.journal import Entry, read_record
from settlement.periods import chain, sealing
from settlement.periods.months import month_of
from settlement.periods.sealing import Told

KIND: Final = "period"
_JOURNAL: Final = f"{export.RECORDS}journal.jsonl"
_PERIODS: Final = f"{export.RECORDS}{KIND}.jsonl"

_Digested = tuple[Entry, bytes]
_Sums = dict[str, tuple[int, int]]  # purpose → debits, credits


def check_records(source: export.Source, found: Findings) -> None:
    """Tell what is wrong with the closed months of an export. Unreadable lines are named elsewhere."""
    told = [(row.id, _told(row.record)) for row in _rows(source, _PERIODS)]
    readable = [(name, record) for name, record in told if record is not None]
    for name, record in told:
        if record is None:
            found.bad(KIND, name, "its record is unreadable")
    if not readable:
        return
    first: dict[str, str] = {}
    for _, sealed in readable:
        first[sealed.book] = min(sealed.month, first.get(sealed.book, sealed.month))
    entries: dict[tuple[str, str], list[_Digested]] = {}
    for entry, digest in _entries(source):
        # What is dated before the first month that was closed is of that month, or of none.
        month = max(month_of(entry.value_on).text, first.get(str(entry.book), ""))
        entries.setdefault((str(entry.book), month), []).append((entry, digest))
    heads: dict[str, str] = {}
    closings: dict[str, dict[str, int]] = {}
    for name, sealed in readable:
        before = heads.get(sealed.book, chain.FIRST.hex())
        of_month = entries.get((sealed.book, sealed.month), [])
        fault = _fault(sealed, before, closings.get(sealed.book, {}), of_month)
        if fault is not None:
            found.bad(KIND, name, fault)
        else:
            found.count("months computed again")
        heads[sealed.book] = sealed.chain_head
        closings[sealed.book] = {line.purpose: line.closing_fen for line in sealed.lines}


def _fault(
    record: Told, before: str, opening: dict[str, int], of_month: Sequence[_Digested]
) -> str | None:
    """Return what is wrong with one month, or None."""
    if len(of_month) != record.entries:
        return f"has {record.entries} entries, but the journal {len(of_month)}"
    if record.chain_before != before:
        return "does not begin with the last link of the month before"
    digests = [digest for _, digest in of_month]
    if chain.follow(bytes.fromhex(before), 1, digests).hex() != record.chain_head:
        return "its entries do not chain to the link that was sealed"
    moved = _sums([entry for entry, _ in of_month])
    for line in record.lines:
        debits, credits_ = moved.pop(line.purpose, (0, 0))
        opens = opening.pop(line.purpose, 0)
        came_to = (opens, debits, credits_, opens + credits_ - debits)
        said = (line.opening_fen, line.debits_fen, line.credits_fen, line.closing_fen)
        if came_to != said:
            return f"its {line.purpose} comes to {came_to}, but it says {said}"
    left = sorted(moved.keys() | {purpose for purpose, stands in opening.items() if stands})
    return f"leaves {left[0]} out" if left else None


def _sums(entries: Iterable[Entry]) -> _Sums:
    found: _Sums = {}
    for entry in entries:
        for leg in entry.legs:
            debits, credits_ = found.get(leg.account.purpose, (0, 0))
            out, into = max(-leg.amount_fen, 0), max(leg.amount_fen, 0)
            found[str(leg.account.purpose)] = (debits + out, credits_ + into)
    return found


def _told(record: bytes) -> Told | None:
    try:
        told = sealing.read_record(record)
        bytes.fromhex(told.chain_before)
    except (msgspec.MsgspecError, ValueError):
        return None
    return told


def _entries(source: export.Source) -> Iterator[_Digested]:
    for row in _rows(source, _JOURNAL):
        try:
            yield read_record(row.record), hashlib.sha256(row.record).digest()
        except DomainError:
            continue


def _rows(source: export.Source, name: str) -> Iterator[export.RecordRow]:
    for line in source.lines(name):
        try:
            yield msgspec.json.decode(line, type=export.RecordRow)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
