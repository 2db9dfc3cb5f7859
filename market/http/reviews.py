"""Accept, review and authorise an application (受理、审查、授权发证, HN-09…HN-16).

What the operator, the agency and the bureau do with it.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from catalog.products.metadata import check_readable
from catalog.registration.acceptance import CorrectionItem, Result
from catalog.registration.findings import Finding, Overall, TestRun
from catalog.registration.grounds import RefusalGround
from catalog.registration.model import (
    AcceptanceOpinion,
    Application,
    ComplianceOpinion,
    DecisionNotification,
    IssuanceAuthorisation,
    ReviewDecision,
    ReviewResult,
    TechnicalOpinion,
)
from catalog.registration.operations import acceptance, assignment, authorisation, opinions, review
from catalog.registration.operations.authorisation import ReturnTo
from catalog.signing.canonical import canonical
from catalog.signing.model import Signature
from market.http.answers import answers, creates
from market.http.command import Answer, Command, command, created, done
from market.http.context import AnyRequest

_Text = Annotated[str, Meta(max_length=20_000)]
_Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class DecideAcceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The acceptance opinion (受理意见), with the complete list if corrections are needed."""

    result: Result
    reasons: Annotated[tuple[_Reason, ...], Meta(max_length=20)] = ()
    items: Annotated[tuple[CorrectionItem, ...], Meta(max_length=200)] = ()
    override_reason: Annotated[str, Meta(max_length=2_000)] | None = None


class NotifyDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which way the applicant was told, and the receipt."""

    channel: Annotated[str, Meta(min_length=1, max_length=50)]
    receipt: Annotated[str, Meta(max_length=500)]


class StartReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who reviews. Without an agency the rule gives the case; who names one says why."""

    technical_reviewer_account_id: uuid.UUID
    agency_party_id: uuid.UUID | None = None  # none either where the rulebook needs no agency
    agency_reason: Annotated[str, Meta(max_length=2_000)] = ""


class ReplaceAgency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another agency, or none if the rule is to give the case, and why."""

    reason: _Reason
    agency_party_id: uuid.UUID | None = None


class GiveTechnicalOpinion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The technical opinion (技术审查意见书, HN-13)."""

    findings: dict[str, Finding]
    tests: Annotated[tuple[TestRun, ...], Meta(max_length=100)] = ()
    overall: Overall
    remarks: _Text = ""


class SignedOpinion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The compliance opinion (合规性评估意见书) and the agency's signature over its canonical form.

    What is signed is ``shushi/v1/opinion`` and a line feed before the RFC 8785 form of ``opinion``.
    """

    opinion: dict[str, Any]
    signature: Signature


class SignedAuthorisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The authorisation (授权发证) and the bureau's signature over its canonical form.

    What is signed is ``shushi/v1/authorisation`` and a line feed before the RFC 8785 form of
    ``authorisation``.
    """

    authorisation: dict[str, Any]
    signature: Signature


class DecideReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on the review (审查决定, HN-12, HN-15)."""

    result: ReviewResult
    grounds: Annotated[tuple[RefusalGround, ...], Meta(max_length=20)] = ()
    reasons: _Text = ""


class ReturnForCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the case goes back to, and why."""

    to: ReturnTo
    reason: Annotated[str, Meta(max_length=2_000)]


# ── the operator and the agency ───────────────────────────────────────────────────────────────────


@post(
    "/api/v1/applications/{application_id:uuid}/acceptance-opinions",
    summary="Accept, ask for corrections, or decline",
    tags=["applications"],
    opt=creates(AcceptanceOpinion),
)
async def decide_acceptance(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[DecideAcceptance]
) -> Response[bytes]:
    """Give the acceptance opinion (受理意见, HN-09, HN-10)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await acceptance.decide_acceptance(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            result=data.result,
            reasons=data.reasons,
            items=data.items,
            override_reason=data.override_reason,
        )
        return created(opinion, f"/api/v1/applications/{application_id}")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/decision-notifications",
    summary="Tell the applicant",
    tags=["applications"],
    opt=creates(DecisionNotification),
)
async def notify_decision(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[NotifyDecision]
) -> Response[bytes]:
    """Record that the applicant was told of the decision within one working day (HN-10(b))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        notification = await acceptance.notify_decision(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            channel=data.channel,
            receipt=data.receipt,
        )
        return created(notification, f"/api/v1/applications/{application_id}")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/reviews",
    summary="Start the review",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def start_review(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[StartReview]
) -> Response[bytes]:
    """Name the technical reviewer; the agency is given by the rule, or named (审查, HN-11, HN-12)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await review.start_review(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            technical_reviewer=AccountId(data.technical_reviewer_account_id),
            agency=None if data.agency_party_id is None else PartyId(data.agency_party_id),
            agency_reason=data.agency_reason,
        )
        return done(application, application.version)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/agency-replacements",
    summary="Give the case to another agency",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def replace_agency(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[ReplaceAgency]
) -> Response[bytes]:
    """Give the case to another agency, because the first declines or its contract ended."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await assignment.replace_agency(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            agency=None if data.agency_party_id is None else PartyId(data.agency_party_id),
            reason=data.reason,
        )
        return done(application, application.version)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/technical-opinions",
    summary="Give the technical opinion",
    tags=["applications"],
    opt=creates(TechnicalOpinion),
)
async def record_technical_opinion(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[GiveTechnicalOpinion]
) -> Response[bytes]:
    """Give the technical opinion (技术审查意见书, HN-13)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await opinions.record_technical_opinion(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            points=data.findings,
            tests=data.tests,
            overall=data.overall,
            remarks=data.remarks,
        )
        return created(opinion, f"/api/v1/applications/{application_id}")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/compliance-opinions",
    summary="Give the compliance opinion",
    tags=["applications"],
    opt=creates(ComplianceOpinion),
)
async def record_compliance_opinion(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[SignedOpinion]
) -> Response[bytes]:
    """Give the compliance opinion, signed with the agency's own key (合规性评估意见书, HN-14)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await opinions.record_compliance_opinion(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            document=canonical(data.opinion),
            signature=data.signature,
        )
        return created(opinion, f"/api/v1/applications/{application_id}")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/review-decisions",
    summary="Decide the review",
    tags=["applications"],
    opt=creates(ReviewDecision),
)
async def decide_review(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[DecideReview]
) -> Response[bytes]:
    """Pass the review, refuse the registration, or return technical points (HN-12, HN-15)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        decision = await review.decide_review(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            result=data.result,
            refusal_grounds=data.grounds,
            reasons=data.reasons,
        )
        return created(decision, f"/api/v1/applications/{application_id}")

    return await command(request, act)


# ── the bureau ────────────────────────────────────────────────────────────────────────────────────


@post(
    "/api/v1/applications/{application_id:uuid}/issuance-authorisations",
    summary="Authorise the issue",
    tags=["applications"],
    opt=creates(IssuanceAuthorisation),
)
async def authorise_issue(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[SignedAuthorisation]
) -> Response[bytes]:
    """Let the certificate be issued, signed with the bureau's own key (授权发证, HN-16)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        kept = await authorisation.authorise_issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            document=canonical(data.authorisation),
            signature=data.signature,
        )
        return created(kept, f"/api/v1/applications/{application_id}")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/issuance-returns",
    summary="Send the case back",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def return_for_check(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[ReturnForCheck]
) -> Response[bytes]:
    """Send the case back to the review or to a fresh notice (退回, HN-05(1))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await authorisation.return_for_check(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            to=data.to,
            reason=data.reason,
        )
        return done(application, application.version)

    return await command(request, act)
