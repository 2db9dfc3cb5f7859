"""Accept, review and authorise a change (变更登记的受理、审查、授权, HN-18), up to the new certificate."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.certificates import queries as certificates
from catalog.certificates.model import PublicCertificate
from catalog.changes import queries
from catalog.changes.content import told_to_buyers
from catalog.changes.model import Change, Paper, ReviewResult
from catalog.changes.operations import acceptance, assignment, issuance, review
from catalog.kernel.ids import AccountId, PartyId
from catalog.products.metadata import check_readable
from catalog.registration.findings import Finding, Overall, TestRun
from catalog.registration.grounds import RefusalGround
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.certificates import Nothing
from market.http.command import (
    Answer,
    Command,
    command,
    created,
    done,
)
from market.http.context import AnyRequest
from market.http.reviews import (
    DecideAcceptance,
    NotifyDecision,
    ReplaceAgency,
    SignedAuthorisation,
    SignedOpinion,
)
from market.identity import queries as identity

_Text = Annotated[str, Meta(max_length=20_000)]
_Reason = Annotated[str, Meta(max_length=2_000)]


class NameReviewers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who reviews. Without an agency the rule gives the change; who names one says why.

    The compliance review is skipped only if the rules allow it (A21).
    """

    technical_reviewer_account_id: uuid.UUID
    agency_party_id: uuid.UUID | None = None
    agency_reason: Annotated[str, Meta(max_length=2_000)] = ""
    skips_compliance: bool = False


class GiveTechnicalOpinionOnChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The technical opinion on a change (技术审查意见书, HN-13)."""

    findings: dict[str, Finding]
    tests: Annotated[tuple[TestRun, ...], Meta(max_length=100)]
    overall: Overall
    remarks: _Text = ""


class DecideChangeReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on the review of a change (审查决定, HN-12, HN-15)."""

    result: ReviewResult
    grounds: Annotated[tuple[RefusalGround, ...], Meta(max_length=20)] = ()
    reasons: _Text = ""


class ReturnChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a change goes back to its review."""

    reason: _Reason


@post(
    "/api/v1/changes/{change_id:uuid}/acceptance-opinions",
    summary="Accept a change, ask for corrections, or decline",
    tags=["changes"],
    opt=creates(Paper),
)
async def decide_change_acceptance(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[DecideAcceptance]
) -> Response[bytes]:
    """Give the acceptance opinion on a change (受理意见, HN-09, HN-10)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await acceptance.decide_acceptance(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            result=data.result,
            reasons=data.reasons,
            items=data.items,
            override_reason=data.override_reason,
        )
        return created(opinion, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/decision-notifications",
    summary="Tell the registrant",
    tags=["changes"],
    opt=creates(Paper),
)
async def notify_change_decision(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[NotifyDecision]
) -> Response[bytes]:
    """Record that the registrant was told of the decision within one working day (HN-10(b))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        notification = await acceptance.notify_decision(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            channel=data.channel,
            receipt=data.receipt,
        )
        return created(notification, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/reviews",
    summary="Start the review of a change",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def start_change_review(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[NameReviewers]
) -> Response[bytes]:
    """Name the technical reviewer and the agency (审查, HN-11, HN-12)."""

    async def act(c: Command) -> Answer:
        change = await review.start_review(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            technical_reviewer=AccountId(data.technical_reviewer_account_id),
            agency=None if data.agency_party_id is None else PartyId(data.agency_party_id),
            agency_reason=data.agency_reason,
            skips_compliance=data.skips_compliance,
        )
        return done(change, change.version)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/agency-replacements",
    summary="Give a change to another agency",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def replace_change_agency(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[ReplaceAgency]
) -> Response[bytes]:
    """Give the change to another agency, because the first declines or its contract ended."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        change = await assignment.replace_agency(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            agency=None if data.agency_party_id is None else PartyId(data.agency_party_id),
            reason=data.reason,
        )
        return done(change, change.version)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/technical-opinions",
    summary="Give the technical opinion on a change",
    tags=["changes"],
    opt=creates(Paper),
)
async def record_change_technical_opinion(
    request: AnyRequest,
    change_id: FromPath[uuid.UUID],
    data: JSONBody[GiveTechnicalOpinionOnChange],
) -> Response[bytes]:
    """Give the technical opinion on a change (技术审查意见书, HN-13)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await review.record_technical_opinion(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            points=data.findings,
            tests=data.tests,
            overall=data.overall,
            remarks=data.remarks,
        )
        return created(opinion, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/compliance-opinions",
    summary="Give the compliance opinion on a change",
    tags=["changes"],
    opt=creates(Paper),
)
async def record_change_compliance_opinion(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[SignedOpinion]
) -> Response[bytes]:
    """Give the compliance opinion, signed by the agency; ``application_id`` is the change's (HN-14)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        opinion = await review.record_compliance_opinion(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            document=canonical(data.opinion),
            signature=data.signature,
        )
        return created(opinion, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/review-decisions",
    summary="Decide the review of a change",
    tags=["changes"],
    opt=creates(Paper),
)
async def decide_change_review(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[DecideChangeReview]
) -> Response[bytes]:
    """Pass the review, refuse the change, or return technical points (HN-12, HN-15)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        decision = await review.decide_review(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            result=data.result,
            refusal_grounds=data.grounds,
            reasons=data.reasons,
        )
        return created(decision, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/issuance-authorisations",
    summary="Authorise the new certificate",
    tags=["changes"],
    opt=creates(Paper),
)
async def authorise_change_issue(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[SignedAuthorisation]
) -> Response[bytes]:
    """Let the new certificate be issued, signed with the bureau's own key (授权发证, A21)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        paper = await issuance.authorise_issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            document=canonical(data.authorisation),
            signature=data.signature,
        )
        return created(paper, f"/api/v1/changes/{change_id}")

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/issuance-returns",
    summary="Send a change back to its review",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def return_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[ReturnChange]
) -> Response[bytes]:
    """Send a change back to its review (退回, HN-05(1))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        change = await issuance.return_for_check(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            reason=data.reason,
        )
        return done(change, change.version)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/certificates",
    summary="Issue the new certificate",
    tags=["changes"],
    opt=creates(PublicCertificate),
)
async def issue_changed_certificate(
    request: AnyRequest,
    change_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Issue the new certificate in the old one's place (换发, HN-18)."""

    async def act(c: Command) -> Answer:
        c.actor.require("certificate:issue")
        change = await queries.find(c.tx, change_id=change_id)
        certificate = await issuance.issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            signer=c.context.signers[Purpose.CERTIFICATE],
            change_id=change_id,
            agency_name=await _name(c, change.agency_party_id),
            issuer=(await identity.get_party(c.tx, c.actor.party)).name,
            public_url=c.context.settings.public_url,
        )
        await consequences.follow(
            c.tx, now=c.now, certificate_number=change.certificate_number, ground="changed"
        )
        await consequences.tell_changed(
            c.tx,
            now=c.now,
            old_number=change.certificate_number,
            new_number=certificate.number,
            fields=told_to_buyers(await queries.differences_of(c.tx, change)),
        )
        return created(
            await certificates.get_public(c.tx, certificate.number),
            f"/api/v1/certificates/{certificate.number}",
        )

    return await command(request, act)


async def _name(c: Command, agency: PartyId | None) -> str:
    return "" if agency is None else (await identity.get_party(c.tx, agency)).name
