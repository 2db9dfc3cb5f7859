"""Put a case file together (制作卷宗): what is read goes in, canonical bytes come out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from catalog.audit_log.leaf import instant
from catalog.certificates.encumbrances import Encumbrance
from catalog.certificates.model import PublicCertificate
from catalog.certificates.reissuing import Reissue
from catalog.certificates.transferring import Transfer
from catalog.changes.model import ChangeFile
from catalog.instruments.model import Instrument
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.notices.model import Notice
from catalog.objections.model import Objection
from catalog.registration.model import ApplicationFile
from catalog.rulebooks.rulebook import Rulebook
from catalog.signing.canonical import canonical, sha256_hex
from catalog.terms.model import Request
from catalog.timers.explaining import explain_timer
from catalog.timers.model import Timer
from market.case_files.model import (
    ENCLOSED,
    FORMAT,
    CaseFile,
    CertificateNamed,
    DocumentNamed,
    Later,
    NotShown,
    Reader,
    YearNamed,
)
from market.supervision.trace import Trace


class LaterLife(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the certificates' later life."""

    changes: Sequence[ChangeFile]
    reissues: Sequence[Reissue]
    encumbrances: Sequence[Encumbrance]
    instruments: Sequence[Instrument]
    transfers: Sequence[Transfer] = ()
    requests: Sequence[Request] = ()


def trace_bytes(trace: Trace) -> bytes:
    """Return the trace as it lies in the archive; its digest is in the signed part."""
    return msgspec.json.encode(trace)


def draw_up(
    file: ApplicationFile,
    *,
    rulebook: Rulebook,
    notices: Sequence[Notice],
    objections: Sequence[Objection],
    certificates: Sequence[PublicCertificate],
    timers: Sequence[Timer],
    calendar: Calendar,
    trace: bytes,
    now: dt.datetime,
    later: LaterLife | None = None,
    not_shown: NotShown | None = None,
) -> CaseFile:
    """Return the case file of an application as it stands ``now``."""
    clocks = [explain_timer(timer, calendar) for timer in timers]
    counted = {step.day.year for clock in clocks for step in clock.days}
    years = sorted(counted | {year + 1 for year in counted})  # a notice may move last December
    return CaseFile(
        format=FORMAT,
        drawn_up_at=instant(now),
        rulebook={
            "code": rulebook.code,
            "title": rulebook.title,
            "authority": rulebook.authority,
        },
        application=_plain(file.application),
        materials=_all(file.materials),
        submissions=_all(file.submissions),
        acceptance_opinions=_all(file.acceptance_opinions),
        review_decisions=_all(file.review_decisions),
        notifications=_all(file.notifications),
        material_requests=_all(file.material_requests),
        documents=tuple(_documents(file)),
        notices=_all(notices),
        objections=_all(objections),
        certificates=tuple(_certificate(each) for each in certificates),
        clocks=_all(clocks),
        calendar=tuple(_year(calendar, year) for year in years if calendar.knows(year)),
        trace_sha256=sha256_hex(trace),
        periods={
            name: value
            for name, value in msgspec.structs.asdict(rulebook).items()
            if isinstance(value, Period)
        },
        notice_waiver=None if file.notice_waiver is None else _plain(file.notice_waiver),
        consents=_all(file.consents),
        later=None
        if later is None
        else Later(
            changes=_all(later.changes),
            reissues=_all(later.reissues),
            encumbrances=_all(later.encumbrances),
            instruments=_all(later.instruments),
            transfers=_all(later.transfers),
            requests=_all(later.requests),
        ),
        not_shown=not_shown,
    )


def reader_of(viewer: Actor, agency: PartyId | None) -> Reader:
    """Return as whom somebody gets a case of which it sees all."""
    if viewer.clearance is Clearance.REGULATOR:
        return Reader.AUTHORITY
    if viewer.clearance in (Clearance.STAFF, Clearance.SYSTEM):
        return Reader.OPERATOR
    party = viewer.acting_for or viewer.party_id
    return Reader.AGENCY if party is not None and party == agency else Reader.OWN_PARTY


def with_enclosed(case: CaseFile, parts: Mapping[str, bytes]) -> CaseFile:
    """Return the case file with the digests of what lies beside it, so that they are signed."""
    return msgspec.structs.replace(
        case, enclosed={name: sha256_hex(parts[name]) for name in ENCLOSED}
    )


def signed_bytes(case: CaseFile) -> bytes:
    """Return the canonical bytes (RFC 8785) that are signed."""
    return canonical(case)


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value, str_keys=True)
    return plain


def _all(values: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(_plain(value) for value in values)


def _documents(file: ApplicationFile) -> Iterable[DocumentNamed]:
    for kind, documents in (
        ("technical_opinion", file.technical_opinions),
        ("compliance_opinion", file.compliance_opinions),
        ("issuance_authorisation", () if file.authorisation is None else (file.authorisation,)),
    ):
        for each in documents:
            content = msgspec.json.decode(each.document, type=dict[str, Any])
            yield DocumentNamed(kind=kind, id=str(each.id), sha256=each.sha256, content=content)


def _certificate(certificate: PublicCertificate) -> CertificateNamed:
    return CertificateNamed(
        number=certificate.number,
        sha256=certificate.record_sha256,
        state=certificate.state.value,
        state_since=certificate.state_since,
        supersedes=certificate.supersedes,
        superseded_by=certificate.superseded_by,
        history=_all(certificate.history),
        content=certificate.content,
    )


def _year(calendar: Calendar, year: int) -> YearNamed:
    table = calendar.years[year]
    return YearNamed(
        year=year,
        notice_number=table.notice_number,
        issued_on=table.issued_on,
        holidays=tuple(sorted(table.holidays)),
        workdays=tuple(sorted(table.workdays)),
    )
