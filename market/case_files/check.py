"""Check a case file offline (卷宗核验): its signature, its proofs, its documents, its deadlines.

1. ``case.json`` is signed by one of the service's keys for case files.
2. The trace, the keys, the page and the README beside it are those that were signed, and every entry
   of the trace is in the signed log. What its reader is not shown is missing, and nothing else; it
   is told and counted, and proves nothing.
3. Every opinion, authorisation and certificate has the digest that an entry of the log holds.
4. Every submission has the digest of what was submitted.
5. Every deadline is counted again, from its first day and the yearly notices, and is as long as the
   rulebook of the case says.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, key_chain
from catalog.audit_log.checkpoint import VerifierKey, VerifierKeyMalformed, parse_vkey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.periods import CHOSEN
from catalog.kernel.workdays import Calendar, YearTable
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature
from catalog.timers.explaining import Explanation, explain_timer
from catalog.timers.model import Timer
from market.case_files import archive
from market.case_files.model import (
    CASE,
    ENCLOSED,
    FORMAT,
    KEYS,
    SIGNATURE,
    TRACE,
    CaseFile,
    CaseSignature,
)
from market.supervision import trace_verify
from market.supervision.trace import Trace

T = TypeVar("T")

# Clocks that go by another name than the value of the rulebook that they run.
_PERIOD_OF: Final = {
    "acceptance_notification": "acceptance_notice",
    "review_notification": "acceptance_notice",
    "correction": "correction_window",
}
MAGIC: Final = b"PK\x03\x04"


def check(
    raw: bytes, *, keys: export.Keys | None = None, trusted: VerifierKey | None = None
) -> Verdict:
    """Return what is found in a case file; the first thing wrong comes first.

    Without ``keys`` those in the archive are taken, and the verdict says so.

    :raises Unreadable: if it is no case file.
    """
    parts = archive.unpack(raw)
    found = Findings()
    if keys is None:
        keys = _read(parts[KEYS], export.Keys, KEYS)
        found.note("the keys come from the case file itself; give --keys to check with your own")
    case = _read(parts[CASE], CaseFile, CASE)
    if case.format != FORMAT:
        raise Unreadable(f"{CASE}: the format {case.format} is not known here")
    name = str(case.application.get("application_number") or case.application.get("id"))
    found.count("case file")
    signature = _read(parts[SIGNATURE], CaseSignature, SIGNATURE)
    signed_as, part = f"{name}/{CASE} with {SIGNATURE}", parts[CASE]
    by = Signature(signature.key_id, signature.value, signature.algorithm)
    handed_out.check_signature(found, keys, "case_file", signed_as, part, by)
    handed_out.check_trusted(found, keys, "case_file", signed_as, by, None)
    _check_signature_file(found, name, parts[SIGNATURE], signature, case)
    _check_enclosed(found, name, parts, case)
    if sha256_hex(parts[TRACE]) != case.trace_sha256:
        reason = "the trace is not the one that was signed"
        found.bad("case_file", f"{name}/{TRACE}", reason, Fault.NOT_BOUND)
        return found.verdict()
    trace = trace_verify.read_trace(parts[TRACE])
    left_out = None if case.not_shown is None else case.not_shown.trace
    line = trace_verify.verify(trace, _log_key(keys, trusted), keys, left_out=left_out)
    _join(found, line)
    _tell_parts(found, case)
    _check_documents(found, case, trace)
    _check_submissions(found, case)
    _check_clocks(found, case)
    return found.verdict()


def _read(raw: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{name} is not readable: {error}") from error


def _check_signature_file(
    found: Findings, name: str, raw: bytes, signature: CaseSignature, case: CaseFile
) -> None:
    """Tell what is wrong with what stands beside the signature's value."""
    told = {
        "the signature names another application": (
            str(signature.application_id) == case.application.get("id")
        ),
        "the signature is of another format": signature.type == FORMAT,
        "it is not written as it was handed out": msgspec.json.encode(signature) == raw,
    }
    for reason, is_so in told.items():
        if not is_so:
            found.bad("case_file", f"{name}/{SIGNATURE}", reason)


def _check_enclosed(found: Findings, name: str, parts: dict[str, bytes], case: CaseFile) -> None:
    """Compare the files that lie beside with the digests that were signed."""
    if not case.enclosed:
        found.note("it is of before 2026-11-28: its page, keys and README are not signed")
        return
    for file in ENCLOSED:
        if sha256_hex(parts[file]) != case.enclosed.get(file):
            reason = "it is not the one that was signed"
            found.bad("case_file", f"{name}/{file}", reason, Fault.NOT_BOUND)
        else:
            found.count("enclosed files")


def _log_key(keys: export.Keys, trusted: VerifierKey | None) -> VerifierKey:
    try:
        return key_chain.followed(trusted or parse_vkey(keys.log or ""), keys)
    except VerifierKeyMalformed as error:
        reason = error.facts["reason"]
        raise Unreadable(f"the log's key in {KEYS} is malformed: {reason}") from error


def _join(found: Findings, verdict: Verdict) -> None:
    for what, by in verdict.counts.items():
        found.count(what, by)
    found.problems.extend(verdict.problems)
    for note in verdict.notes:
        found.note(note)


def _tell_parts(found: Findings, case: CaseFile) -> None:
    """Tell of which members of the case the reader is not shown all."""
    if case.not_shown is not None and case.not_shown.parts:
        found.note(f"not shown to this reader, or not all of it: {', '.join(case.not_shown.parts)}")


def _check_documents(found: Findings, case: CaseFile, trace: Trace) -> None:
    """Compare what the case file says of each document with the bytes that the log binds."""
    records = {(record.kind, record.id): record.record for record in trace.records}
    named = [(each.kind, each.id, each.sha256, each.content) for each in case.documents]
    named += [("certificate", each.number, each.sha256, each.content) for each in case.certificates]
    for kind, identifier, sha256, content in named:
        record = records.get((kind, identifier))
        if record is None:
            found.bad(kind, identifier, "it is named, but its bytes are not here")
        elif sha256_hex(record) != sha256:
            found.bad(kind, identifier, "it is named with another digest", Fault.NOT_BOUND)
        elif msgspec.json.decode(record) != content:
            found.bad(
                kind, identifier, "its content is not that of its bytes", Fault.CONTENT_DIFFERS
            )
        else:
            found.count("documents")


def _check_submissions(found: Findings, case: CaseFile) -> None:
    for submission in case.submissions:
        name = f"{case.application.get('id')}/{submission.get('submission_no')}"
        if sha256_hex(canonical(submission.get("dossier"))) != submission.get("dossier_sha256"):
            found.bad("submission", name, "what was submitted does not have its digest")
        else:
            found.count("submissions")


def _check_clocks(found: Findings, case: CaseFile) -> None:
    calendar = Calendar(
        {
            year.year: YearTable(
                year=year.year,
                notice_number=year.notice_number,
                issued_on=year.issued_on,
                holidays=frozenset(year.holidays),
                workdays=frozenset(year.workdays),
            )
            for year in case.calendar
        }
    )
    for told in case.clocks:
        try:
            clock = msgspec.convert(told, Explanation)
        except msgspec.ValidationError as error:
            found.bad("timer", told.get("timer", {}), f"is not readable: {error}")
            continue
        _check_period(found, case, clock.timer)
        again = explain_timer(clock.timer, calendar)
        if (again.last_day, again.days) != (clock.last_day, clock.days):
            reason = f"counted again it ends on {again.last_day}, not on {clock.last_day}"
            found.bad("timer", clock.timer.id, reason)
        else:
            found.count("deadlines counted again")


def _check_period(found: Findings, case: CaseFile, timer: Timer) -> None:
    """Compare how long a clock runs with what the rulebook of the case says; ours [P] may be set."""
    says = case.periods.get(_PERIOD_OF.get(timer.kind, timer.kind))
    if says is None or CHOSEN in (says.source, timer.period.source):
        return
    if (says.length, says.unit) != (timer.period.length, timer.period.unit):
        reason = (
            f"it runs {timer.period.length} {timer.period.unit}, the rulebook says {says.length}"
        )
        found.bad("timer", timer.id, reason)
    else:
        found.count("periods as the rulebook says")
