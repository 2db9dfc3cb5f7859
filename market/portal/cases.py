"""Tell the story of a registration in order (办理过程): what was done when, and by whom."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from catalog.certificates.model import PublicCertificate
from catalog.changes.model import ChangeFile, Paper, PaperKind
from catalog.notices.model import Notice
from catalog.objections.model import Objection
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS, Finding
from catalog.registration.model import (
    ApplicationFile,
    ComplianceOpinionDocument,
    TechnicalOpinionDocument,
)

_PAGES: Final = {
    "application": "/applications/",
    "objection": "/objections/",
    "change": "/changes/",
    "spot_check_finding": "/spot-check-findings/",
    "report": "/reports/",
    "quality_issue": "/quality-issues/",
    "saved_search": "/my/saved-searches/",
    "negotiation": "/negotiations/",
    "agreement": "/agreements/",
    "order": "/orders/",
    "usage_account": "/orders/",
    "approval": "/approvals/",
    "complaint": "/complaints/",
}


class Step(msgspec.Struct, frozen=True):
    """One thing that happened: what, when, who did it, and what came of it."""

    at: dt.datetime
    what: str
    who: str
    came: tuple[str, str] | None = None  # the list of words, and the word
    said: tuple[str, ...] = ()
    address: str | None = None


def case_address(kind: str, identifier: uuid.UUID | str) -> str | None:
    """Return where the case of a clock or a message is shown, None if it has no page."""
    path = _PAGES.get(kind)
    return None if path is None else f"{path}{identifier}"


def story(
    file: ApplicationFile,
    notices: Iterable[Notice],
    objections: Iterable[Objection],
    certificates: Iterable[PublicCertificate],
) -> Sequence[Step]:
    """Return all that happened to an application, the first thing first."""
    steps = [
        *_of_the_applicant(file),
        *_of_the_review(file),
        *_of_notices(notices),
        *(
            Step(each.received_at, "objection", "objector", address=f"/objections/{each.id}")
            for each in objections
        ),
        *(
            Step(
                each.history[0].at,
                "certificate",
                "operator",
                said=(each.number,),
                address=f"/certificates/{each.number}",
            )
            for each in certificates
        ),
    ]
    return sorted(steps, key=lambda step: step.at)


def _of_the_applicant(file: ApplicationFile) -> Iterable[Step]:
    for submission in file.submissions:
        what = "submitted" if submission.submission_no == 1 else "submitted_again"
        yield Step(submission.submitted_at, what, "applicant")
    for request in file.material_requests:
        asked = (request.reason, *request.items)
        yield Step(request.asked_at, "more_asked", "operator", said=asked)
        if request.answered_at is not None:
            yield Step(request.answered_at, "more_handed_in", "applicant")


def _of_the_review(file: ApplicationFile) -> Iterable[Step]:
    for opinion in file.acceptance_opinions:
        came = ("acceptance", opinion.result.value)
        yield Step(opinion.decided_at, "acceptance", "operator", came, opinion.reasons)
    for technical in file.technical_opinions:
        came = ("overall", technical.overall.value)
        yield Step(technical.recorded_at, "technical_opinion", "operator", came)
    for compliance in file.compliance_opinions:
        came = ("overall", compliance.overall.value)
        yield Step(compliance.recorded_at, "compliance_opinion", "agency", came)
    for decision in file.review_decisions:
        said = (decision.reasons,) if decision.reasons else ()
        came = ("review_result", decision.result.value)
        yield Step(decision.decided_at, "decision", "operator", came, said)
    for told in file.notifications:
        yield Step(told.delivered_at, "told", "operator")
    if file.authorisation is not None:
        said = (file.authorisation.authorisation_number,)
        yield Step(file.authorisation.decided_at, "authorisation", "authority", said=said)


def _of_notices(notices: Iterable[Notice]) -> Iterable[Step]:
    for notice in notices:
        for posting in notice.postings:
            came = ("channel", posting.channel)
            yield Step(
                posting.published_at, "posted", "operator", came, address=f"/notices/{notice.id}"
            )


def findings(file: ApplicationFile) -> dict[uuid.UUID, list[tuple[str, Finding]]]:
    """Return what each opinion found, by the opinion's id, point by point as the articles name them."""
    found: dict[uuid.UUID, list[tuple[str, Finding]]] = {}
    for technical in file.technical_opinions:
        said = msgspec.json.decode(technical.document, type=TechnicalOpinionDocument)
        found[technical.id] = [(point, said.findings[point]) for point in TECHNICAL_POINTS]
    for compliance in file.compliance_opinions:
        stated = msgspec.json.decode(compliance.document, type=ComplianceOpinionDocument)
        found[compliance.id] = [(point, stated.findings[point]) for point in COMPLIANCE_POINTS]
    return found


def story_of_change(file: ChangeFile) -> list[Step]:
    """Return all that happened to a change, the first thing first."""
    steps = [_of_paper(paper) for paper in file.papers]
    issued = file.change.new_certificate_number
    if issued is not None:
        address = f"/certificates/{issued}"
        at = file.change.updated_at
        steps.append(Step(at, "certificate", "operator", said=(issued,), address=address))
    return sorted(steps, key=lambda step: step.at)


def _of_paper(paper: Paper) -> Step:
    at, body = paper.written_at, paper.body
    match paper.kind:
        case PaperKind.SUBMISSION:
            what = "submitted" if paper.no == 1 else "submitted_again"
            return Step(at, what, "registrant")
        case PaperKind.ACCEPTANCE_OPINION:
            came = ("acceptance", body["result"])
            return Step(at, "acceptance", "operator", came, tuple(body["reasons"]))
        case PaperKind.NOTIFICATION:
            return Step(at, "told", "operator")
        case PaperKind.TECHNICAL_OPINION:
            return Step(at, "technical_opinion", "operator", ("overall", body["overall"]))
        case PaperKind.COMPLIANCE_OPINION:
            return Step(at, "compliance_opinion", "agency", ("overall", body["overall"]))
        case PaperKind.REVIEW_DECISION:
            said = (body["reasons"],) if body["reasons"] else ()
            return Step(at, "decision", "operator", ("review_result", body["result"]), said)
        case PaperKind.AUTHORISATION:
            return Step(at, "authorisation", "authority", said=(body["authorisation_number"],))


def findings_of_change(file: ChangeFile) -> dict[uuid.UUID, list[tuple[str, Finding]]]:
    """Return what each opinion about a change found, by the paper's id, point by point."""
    found: dict[uuid.UUID, list[tuple[str, Finding]]] = {}
    for paper in file.papers:
        if paper.kind is PaperKind.TECHNICAL_OPINION and paper.document is not None:
            said = msgspec.json.decode(paper.document, type=TechnicalOpinionDocument)
            found[paper.id] = [(point, said.findings[point]) for point in TECHNICAL_POINTS]
        elif paper.kind is PaperKind.COMPLIANCE_OPINION and paper.document is not None:
            stated = msgspec.json.decode(paper.document, type=ComplianceOpinionDocument)
            found[paper.id] = [(point, stated.findings[point]) for point in COMPLIANCE_POINTS]
    return found
