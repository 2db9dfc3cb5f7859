"""Read reports, compute them again from the log and the journal, show them as a workbook."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log import queries as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Entry, EntryId, Subject
from catalog.certificates import queries as certificates
from catalog.certificates.reissuing import Reissue
from catalog.certificates.transferring import Transfer
from catalog.changes import queries as changes
from catalog.changes.model import ChangeFile, PaperKind
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.kernel.workdays import Calendar
from catalog.registration import queries as registration
from catalog.registration.model import ApplicationFile, ComplianceOpinion, IssuanceAuthorisation
from catalog.signing import queries as keys
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import KeyId, Signature
from catalog.timers import queries as timers
from market.orders import queries as orders
from market.pricing import queries as pricing
from market.supervision import store
from market.supervision.differing import first_difference
from market.supervision.facts import (
    CALENDAR_YEAR_LOADED,
    ONLY_IN_THEIR_QUARTER,
    Fact,
    JournalFact,
    calendar_of,
    values_of,
)
from market.supervision.model import FORMAT, QuarterlyReport, Recomputation, ReportDocument
from market.supervision.quarters import Quarter
from market.supervision.report import check_layout, compute, document, read_document
from market.supervision.trace import TracedRecord, bound_records, leading_subjects
from market.supervision.workbook import workbook
from market.usage import queries as usage
from settlement.ledger.queries import entries as ledger
from settlement.ledger.queries.entries import PostedEntry

TIMER: Final = "quarterly_report"
_POSITION_LENGTH: Final = 3


class ReportMissing(Missing):
    """There is no such report."""


class ReportNotGenerated(Refused):
    """The quarter's report is open: it is due, but there is no document yet."""

    code = "report_not_generated"


class Gathered(msgspec.Struct, frozen=True):
    """All that a report is computed from, and how many entries the checkpoint does not cover."""

    entries: list[Fact]
    journal: list[JournalFact]
    calendar: Calendar
    uncovered_count: int


async def gather(tx: Tx, quarter: Quarter, size: int) -> Gathered:
    """Return what the log of ``size`` entries and the journal tell of a quarter.

    A movement whose entry in the log has no place below ``size`` yet is left out with it.
    """
    async with beyond_own_rows(tx):  # the report counts everybody's acts and names nobody's
        return await _gather(tx, quarter, size)


async def _gather(tx: Tx, quarter: Quarter, size: int) -> Gathered:
    uncovered = await audit_log.list_not_covered(tx, size=size, until=quarter.ends_at)
    late = {
        subject.id
        for event, subjects in uncovered
        if event == Event.JOURNAL_POSTED
        for subject in subjects
        if subject.kind == "journal"
    }
    entries = await audit_log.list_covered(
        tx,
        size=size,
        since=quarter.starts_at,
        until=quarter.ends_at,
        only_since=ONLY_IN_THEIR_QUARTER,
        whenever=(CALENDAR_YEAR_LOADED,),
    )
    booked = await ledger.list_booked(tx, since=quarter.starts_at, until=quarter.ends_at)
    facts = [_fact(entry) for entry in entries]
    journal = [_journal_fact(entry) for entry in booked if str(entry.key) not in late]
    return Gathered(facts, journal, calendar_of(facts), len(uncovered))


async def list_reports(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[QuarterlyReport]:
    """Return a page of reports, the newest quarter first.

    :raises NotPermitted: if the viewer may not read reports.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("report:read")
    paging.check_limit(limit)
    query = paging.fingerprint("quarterly-reports")
    position = paging.decode(query, cursor, _POSITION_LENGTH)
    before = None if position is None else _position(position)
    found = await store.list_page(tx, before=before, limit=limit + 1)
    items = [await with_due(tx, report) for report in found[:limit]]
    if len(found) <= limit:
        return Page(items)
    last = items[-1]
    return Page(items, paging.encode(query, last.year, last.quarter, last.version))


async def get_report(tx: Tx, *, viewer: Actor, report_id: uuid.UUID) -> QuarterlyReport:
    """Return how far a report has come.

    :raises ReportMissing: if there is none.
    """
    report, _ = await _find(tx, viewer, report_id)
    return report


async def get_document(tx: Tx, *, viewer: Actor, report_id: uuid.UUID) -> ReportDocument:
    """Return a report with its document exactly as it was generated and signed.

    :raises ReportMissing: if there is none.
    :raises ReportNotGenerated: if it has no document yet.
    """
    report, record = await _found_whole(tx, viewer, report_id)
    return ReportDocument(
        type=FORMAT, document=msgspec.Raw(record), signature=report.signature, report=report
    )


async def get_workbook(tx: Tx, *, viewer: Actor, report_id: uuid.UUID) -> bytes:
    """Return a report as XLSX.

    :raises ReportMissing: if there is none.
    :raises ReportNotGenerated: if it has no document yet.
    """
    _, record = await _found_whole(tx, viewer, report_id)
    return workbook(read_document(record))


async def recompute(tx: Tx, *, viewer: Actor, report_id: uuid.UUID) -> Recomputation:
    """Compute a report again from the log and the journal, and compare the bytes.

    :raises ReportLayoutOther: if it was made by another layout.
    :raises ReportMissing: if there is none.
    :raises ReportNotGenerated: if it has no document yet.
    """
    report, record = await _found_whole(tx, viewer, report_id)
    header = read_document(record).header
    check_layout(header)
    gathered = await gather(tx, Quarter(header.year, header.quarter), header.checkpoint.size)
    again = document(compute(header, gathered.entries, gathered.journal, gathered.calendar))
    return Recomputation(
        report_id=report.id,
        identical=again == record,
        stored_sha256=sha256_hex(record),
        computed_sha256=sha256_hex(again),
        first_difference=first_difference(record, again),
    )


async def with_due(tx: Tx, report: QuarterlyReport) -> QuarterlyReport:
    """Return the report with what its newest timer says. A new version answers a returned one's."""
    subject_id = report.replaces or report.id
    found = [
        timer
        for timer in await timers.list_for_subject(tx, subject_kind="report", subject_id=subject_id)
        if timer.kind == TIMER
    ]
    if not found:
        return report
    timer = max(found, key=lambda timer: (timer.started_at, timer.id))
    return msgspec.structs.replace(
        report, due_on=timer.due_on, due_provisional=timer.provisional, due_state=timer.state.value
    )


async def _find(
    tx: Tx, viewer: Actor, report_id: uuid.UUID
) -> tuple[QuarterlyReport, bytes | None]:
    viewer.require("report:read")
    found = await store.find(tx, report_id)
    if found is None:
        raise ReportMissing
    report, record = found
    return await with_due(tx, report), record


async def _found_whole(
    tx: Tx, viewer: Actor, report_id: uuid.UUID
) -> tuple[QuarterlyReport, bytes]:
    report, record = await _find(tx, viewer, report_id)
    if record is None:
        raise ReportNotGenerated(year=report.year, quarter=report.quarter)
    return report, record


def _position(found: list[object]) -> tuple[int, int, int]:
    if not all(isinstance(each, int) and abs(each) < 2**31 for each in found):
        raise CursorUnreadable
    year, quarter, version = found
    return int(str(year)), int(str(quarter)), int(str(version))


def _fact(entry: Entry) -> Fact:
    assert entry.index is not None, "an entry below the checkpoint has a place"
    payload = entry.payload or {}
    actor = payload.get("actor") or {}
    return Fact(
        index=entry.index,
        at=entry.at,
        event=entry.event,
        leaf_hash=merkle.leaf_hash(entry.leaf).hex(),
        subjects=entry.subjects,
        digests=read_leaf(entry.leaf).digests,
        values=values_of(entry.payload),
        actor_party_id=actor.get("party_id"),
    )


def _journal_fact(entry: PostedEntry) -> JournalFact:
    return JournalFact(
        key=str(entry.key),
        kind=entry.kind,
        amount_fen=-entry.legs[0].amount_fen,
        sha256=entry.record_sha256,
        booked_at=entry.booked_at,
    )


# ── the trace of a product ──


async def follow(
    tx: Tx, viewer: Actor, subject: Subject, *, limit: int
) -> tuple[list[Entry], bool]:
    """Return all entries of one line, oldest first, and whether they are all.

    From the entries about the product to those about its cases, its orders, their money, until
    nothing new is named: a handful of statements, however long the line is.
    """
    found: dict[EntryId, Entry] = {}
    asked: set[str] = set()
    named = {subject.key}
    while (fresh := named - asked) and len(found) <= limit:
        asked |= fresh
        entries = await audit_log.list_entries_about_any(tx, viewer, fresh, limit=limit + 1)
        found |= {entry.id: entry for entry in entries}
        named = leading_subjects(entries)
    line = sorted(found.values(), key=lambda entry: (entry.at, entry.id))
    return line[:limit], len(line) <= limit


async def list_reports_of(
    tx: Tx, viewer: Actor, line: Iterable[Entry], *, limit: int
) -> list[Entry]:
    """Return the entries about the reports that count any entry of the line."""
    quarters = {Quarter(day.year, (day.month + 2) // 3) for day in _days(line)}
    reports = await store.list_of(tx, quarters)
    keys = [Subject("report", str(report.id)).key for report in reports]
    return await audit_log.list_entries_about_any(tx, viewer, keys, limit=limit) if keys else []


async def list_records(tx: Tx, viewer: Actor, line: Iterable[Entry]) -> list[TracedRecord]:
    """Return the records that the entries bind, as they are stored; those kept elsewhere not."""
    entries = list(line)
    of_cases = await _of_the_register(tx, viewer, entries)
    for order_id in _ids(entries, "order"):
        for stored in await usage.list_for_order(tx, order_id=order_id):
            usage_id = str(stored.event.id)
            record = TracedRecord(kind="usage", id=usage_id, record=stored.record)
            of_cases["usage", usage_id] = record
        contract = await _contract_record(tx, viewer, order_id)
        if contract is not None:
            of_cases["contract", contract.id] = contract
    found: list[TracedRecord] = []
    for digest in bound_records(entries):
        if (digest.kind, digest.id) in of_cases:
            found.append(of_cases[digest.kind, digest.id])
        elif digest.kind in _FINDERS:
            found.extend(await _FINDERS[digest.kind](tx, digest.id))
    return found


async def _of_the_register(
    tx: Tx, viewer: Actor, entries: list[Entry]
) -> dict[tuple[str, str], TracedRecord]:
    """Return what was signed in the registrations, changes and reissues that the entries name."""
    found: list[TracedRecord] = []
    for application_id in _ids(entries, "application"):
        file = await registration.find_in_full(tx, viewer=viewer, application_id=application_id)
        if file is not None:  # what is not the viewer's to see is not told (HN-28, A49)
            found += _case_records(file)
    for change_id in _ids(entries, "change"):
        change = await changes.find_in_full(tx, viewer=viewer, change_id=change_id)
        if change is not None:
            found += _change_records(change)
    reissued = {
        s.id
        for e in entries
        if e.event == Event.REISSUE_ORDERED
        for s in e.subjects
        if s.kind == "certificate"
    }
    for number in sorted(reissued):
        found += _reissue_records(
            await certificates.list_reissues(tx, viewer=viewer, number=number)
        )
    handed_on = {
        s.id
        for e in entries
        if e.event == Event.TRANSFER_AUTHORISED
        for s in e.subjects
        if s.kind == "certificate"
    }
    for number in sorted(handed_on):
        found += _transfer_records(
            await certificates.list_transfers(tx, viewer=viewer, number=number)
        )
    found = await _by_their_algorithms(tx, found)
    return {(record.kind, record.id): record for record in found}


async def _by_their_algorithms(tx: Tx, records: list[TracedRecord]) -> list[TracedRecord]:
    """Let each signature name the algorithm of its key; the rows keep the key alone."""
    named = {signature.key_id for record in records for signature in record.signatures}
    algorithms = await keys.algorithms_of(tx, sorted(named))
    return [
        msgspec.structs.replace(
            record,
            signatures=tuple(
                msgspec.structs.replace(each, algorithm=algorithms.get(each.key_id, each.algorithm))
                for each in record.signatures
            ),
        )
        for record in records
    ]


def _ids(entries: Iterable[Entry], kind: str) -> list[uuid.UUID]:
    named = {s.id for entry in entries for s in entry.subjects if s.kind == kind}
    return [uuid.UUID(each) for each in sorted(named)]


def _case_records(file: ApplicationFile) -> list[TracedRecord]:
    """Return what was signed in a registration: both opinions, the bureau's authorisation."""
    records = [
        TracedRecord(kind="technical_opinion", id=str(each.id), record=each.document)
        for each in file.technical_opinions
    ]
    records += [_signed_record("compliance_opinion", each) for each in file.compliance_opinions]
    if file.authorisation is not None:
        records.append(_signed_record("issuance_authorisation", file.authorisation))
    return records


def _change_records(file: ChangeFile) -> list[TracedRecord]:
    """Return what was signed in a change registration, by the names that the log has for it."""
    kinds = {
        PaperKind.TECHNICAL_OPINION: "technical_opinion",
        PaperKind.COMPLIANCE_OPINION: "compliance_opinion",
        PaperKind.AUTHORISATION: "issuance_authorisation",
    }
    return [
        _record(kinds[each.kind], each.id, each.document, each.key_id, each.signature)
        for each in file.papers
        if each.kind in kinds and each.document is not None
    ]


def _reissue_records(reissues: Iterable[Reissue]) -> list[TracedRecord]:
    """Return what the bureau signed to let a certificate be issued anew."""
    return [
        _record("issuance_authorisation", each.id, each.authorisation, each.key_id, each.signature)
        for each in reissues
        if each.authorisation is not None
    ]


def _transfer_records(transfers: Iterable[Transfer]) -> list[TracedRecord]:
    """Return what the bureau signed to let a certificate be handed on."""
    return [
        _record(
            "transfer_authorisation",
            each.id,
            each.authorisation,
            each.authorisation_key_id,
            each.authorisation_signature,
        )
        for each in transfers
        if each.authorisation is not None
    ]


def _record(
    kind: str, identifier: uuid.UUID, document: bytes, key_id: str | None, value: bytes | None
) -> TracedRecord:
    signatures: tuple[Signature, ...] = ()
    if key_id is not None and value is not None:
        signatures = (Signature(key_id=KeyId(key_id), value=value),)
    return TracedRecord(kind=kind, id=str(identifier), record=document, signatures=signatures)


def _signed_record(kind: str, each: ComplianceOpinion | IssuanceAuthorisation) -> TracedRecord:
    signature = Signature(key_id=KeyId(each.key_id), value=each.signature)
    return TracedRecord(kind=kind, id=str(each.id), record=each.document, signatures=(signature,))


async def _contract_record(tx: Tx, viewer: Actor, order_id: uuid.UUID) -> TracedRecord | None:
    try:
        contract = await orders.get_contract(tx, viewer=viewer, order_id=order_id)
    except Missing:  # none is drawn up yet, or the money moved for no order of ours
        return None
    return TracedRecord(
        kind="contract",
        id=str(contract.order_id),
        record=contract.document,
        signatures=tuple(each.signature for each in contract.signatures),
    )


async def _certificate_record(tx: Tx, number: str) -> list[TracedRecord]:
    certificate = await certificates.get_public(tx, number)
    return [
        TracedRecord(
            kind="certificate",
            id=number,
            record=certificate.document,
            signatures=(certificate.signature,),
        )
    ]


async def _filing_record(tx: Tx, filing_id: str) -> list[TracedRecord]:
    record = await pricing.find_record(tx, filing_id=uuid.UUID(filing_id))
    return [] if record is None else [TracedRecord(kind="filing", id=filing_id, record=record)]


async def _journal_record(tx: Tx, key: str) -> list[TracedRecord]:
    entry = await ledger.get_entry(tx, uuid.UUID(key))
    return [TracedRecord(kind="journal", id=key, record=entry.record.encode())]


async def _report_record(tx: Tx, report_id: str) -> list[TracedRecord]:
    found = await store.find(tx, uuid.UUID(report_id))
    report, record = found if found is not None else (None, None)
    if report is None or record is None:
        return []
    signatures = () if report.signature is None else (report.signature,)
    return [TracedRecord(kind="report", id=report_id, record=record, signatures=signatures)]


_FINDERS: Final[dict[str, Callable[[Tx, str], Awaitable[list[TracedRecord]]]]] = {
    "certificate": _certificate_record,
    "filing": _filing_record,
    "journal": _journal_record,
    "report": _report_record,
}


def _days(line: Iterable[Entry]) -> set[dt.date]:
    return {local_date(entry.at) for entry in line}
