"""Check whatever the service hands out, offline (离线核验): one file, or a whole export.

An export is checked as ``catalog.audit_log.verify`` does it, and each of its reports is computed
again from its entries and its journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from catalog.agency_selection import check as panel_draws
from catalog.agency_selection.panel import FORMAT as PANEL_DRAW
from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, key_chain, receipts
from catalog.audit_log.checkpoint import VerifierKey, VerifierKeyMalformed, parse_vkey
from catalog.audit_log.verdict import Findings, Unreadable, Verdict
from catalog.audit_log.verify import verify_export
from catalog.certificates import check as certificates
from catalog.kernel.errors import DomainError
from catalog.key_custody import transcript
from catalog.subject_heads import check as subject_heads
from catalog.subject_heads.model import ENTRIES
from market.auctions import check as auctions
from market.auctions.record import FORMAT as AUCTION_RECORD
from market.public_data_reports import check as public_data_reports
from market.public_data_reports.model import FORMAT as PUBLIC_DATA_REPORT
from market.spot_checks import check as draws
from market.spot_checks.drawing import FORMAT as DRAW
from market.supervision import trace_verify
from market.supervision.differing import first_difference
from market.supervision.from_export import recompute
from market.supervision.report import ReportLayoutOther
from market.trade_statistics import check as statistics
from market.trade_statistics.model import FORMAT as STATISTICS
from market.usage import check as usage
from market.usage.statement import FORMAT as STATEMENT
from settlement.periods import check as periods
from settlement.statements import check as account_statements
from settlement.statements.model import FORMAT as ACCOUNT_STATEMENT

_REPORTS: Final = f"{export.RECORDS}report.jsonl"
_TRACE: Final = "shushi/trace/"

#: What reading files that anybody may have written can come to.
_UNREADABLE: Final = (
    DomainError,
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
)


_Held = tuple[export.Source, VerifierKey] | None


def _usage(raw: bytes, keys: export.Keys, log: _Held) -> Verdict:
    return usage.check(usage.read(raw), keys, log)


#: Signed by the service's keys, and each checked in its own way.
_WITH_THE_KEYS: Final[dict[str, Callable[[bytes, export.Keys, _Held], Verdict]]] = {
    STATEMENT: _usage,
    ACCOUNT_STATEMENT: account_statements.check,
    STATISTICS: statistics.check,
    PUBLIC_DATA_REPORT: public_data_reports.check,
    AUCTION_RECORD: auctions.check,
    receipts.FORMAT: receipts.check,
}


class _Told(msgspec.Struct, frozen=True):
    """What a file says of itself."""

    format: str = ""  # of a trace, of a draw
    type: str = ""  # of a document that is signed
    state: str | None = None  # of a certificate as the register answers it
    log: Any = None


def check_export(source: export.Source, trusted: VerifierKey | None = None) -> Verdict:
    """Return what is found in an export, its reports computed again.

    :raises Unreadable: if this is no export at all.
    """
    found = Findings.following(verify_export(source, trusted))
    subject_heads.check_records(source, found)
    periods.check_records(source, found)
    reports = list(_reports(source))
    if reports and not _has_payloads(source):
        found.note(
            f"{len(reports)} reports were not computed again: the payloads were left out of the "
            "export"
        )
        return found.verdict()
    for row in reports:
        _compute_again(found, source, row.id, row.record)
    return found.verdict()


def check_document(
    raw: bytes,
    *,
    keys: export.Keys | None,
    trusted: VerifierKey | None = None,
    log: export.Source | None = None,
) -> Verdict:
    """Return what is found in a certificate, a report, a statement, a trace, a draw or an auction.

    ``keys`` are the service's public keys, ``trusted`` the log's key as the checker knows it from
    elsewhere. With a ``log`` the document is looked for in it.

    :raises Unreadable: if it is none of these, or there are no keys to check it with.
    """
    raw = _unwrapped(raw)
    told = _told(raw)
    if told.format.startswith(_TRACE):
        return trace_verify.verify(trace_verify.read_trace(raw), log_key(keys, trusted), keys)
    if told.type in _WITH_THE_KEYS:
        held = None if log is None else (log, log_key(keys, trusted))
        return _WITH_THE_KEYS[told.type](raw, known_keys(keys), held)
    if told.type == transcript.FORMAT:
        return transcript.check(raw, None if log is None else (log, log_key(keys, trusted)))
    if told.format == DRAW:
        return draws.check(draws.read(raw), log_key(keys, trusted))
    if told.format == PANEL_DRAW:
        return panel_draws.check(panel_draws.read(raw), log_key(keys, trusted))
    if told.format == ENTRIES:
        return subject_heads.check(subject_heads.read(raw), log_key(keys, trusted))
    if told.state is not None and told.log is not None:
        certificate = certificates.read(raw)
        return certificates.check(certificate, known_keys(keys), log_key(keys, trusted), log)
    held = None if log is None else (log, log_key(keys, trusted))
    verdict = handed_out.check(raw, keys, held)
    if log is None or verdict.problems or not verdict.counts.get("report"):
        return verdict
    return _report_again(verdict, raw, log)


def _report_again(verdict: Verdict, raw: bytes, log: export.Source) -> Verdict:
    if not _has_payloads(log):
        return verdict
    found = Findings.following(verdict)
    document = handed_out.read(raw).signed_bytes()
    _compute_again(found, log, handed_out.name_of(document), document)
    return found.verdict()


def _unwrapped(raw: bytes) -> bytes:
    """Return a receipt as it came in a header without its base64, anything else as it is."""
    if raw.lstrip().startswith(b"{"):
        return raw
    try:
        return receipts.unpacked(raw.decode())
    except ValueError:
        return raw


def _told(raw: bytes) -> _Told:
    try:
        return msgspec.json.decode(raw, type=_Told)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Told()  # who reads it says what is wrong with it


def known_keys(keys: export.Keys | None) -> export.Keys:
    """Return the keys that were given.

    :raises Unreadable: if none were.
    """
    if keys is None:
        raise Unreadable("no public keys to check it with; give --keys keys.json")
    return keys


def log_key(keys: export.Keys | None, trusted: VerifierKey | None) -> VerifierKey:
    """Return the log's key as the checker knows it, else as the keys have it, and all that follow.

    :raises Unreadable: if neither has one, or it is malformed.
    """
    if trusted is not None:
        return key_chain.followed(trusted, keys)
    if keys is None or keys.log is None:
        raise Unreadable("no key of the log to check it with; give --vkey or --keys keys.json")
    try:
        return key_chain.followed(parse_vkey(keys.log), keys)
    except VerifierKeyMalformed as error:
        raise Unreadable(f"the log's key is malformed: {error.facts['reason']}") from error


def _reports(source: export.Source) -> list[export.RecordRow]:
    rows = []
    for line in source.lines(_REPORTS):
        try:
            rows.append(msgspec.json.decode(line, type=export.RecordRow))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # named already, as a line that is not readable
    return rows


def _has_payloads(source: export.Source) -> bool:
    try:
        manifest = msgspec.json.decode(source.read(export.MANIFEST) or b"", type=export.Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return manifest.payloads


def _compute_again(found: Findings, source: export.Source, identifier: str, record: bytes) -> None:
    try:
        again = recompute(source, record)
    except ReportLayoutOther as other:
        found.note(
            f"report {identifier} was made by layout {other.facts['layout']} and was not computed "
            f"again: this program computes layout {other.facts['known']}"
        )
        return
    except _UNREADABLE as error:
        told = error.code if isinstance(error, DomainError) else str(error)
        found.bad("report", identifier, f"it can not be computed again: {told}")
        return
    place = first_difference(record, again)
    if place is not None:
        where = place or "its bytes"
        found.bad("report", identifier, f"computed again it differs, first at {where}")
    else:
        found.count("reports computed again")
