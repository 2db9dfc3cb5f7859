"""Review a change (审查): name who reviews, give the two opinions, decide; HN-11…HN-15, HN-18."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from catalog.agencies.model import CaseKind
from catalog.agencies.operations import assignments
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.certificates.model import Certificate
from catalog.certificates.states import Event as OfCertificate
from catalog.changes import duties, eligibility, store
from catalog.changes import review as rules
from catalog.changes.model import Change, Paper, PaperKind, ReviewResult
from catalog.changes.operations import assignment, casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import advance
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.registration import findings, grounds, neutrality, opinions, signatures
from catalog.registration.findings import Finding, Overall, TestRun
from catalog.registration.grounds import RefusalGround, ReviewFacts
from catalog.registration.model import ComplianceOpinionDocument, TechnicalOpinionDocument
from catalog.rulebooks.steps import Step
from catalog.signing import queries as keys
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature

_EVENTS: Final = {
    ReviewResult.PASS: (Happening.PASS_REVIEW, Event.REVIEW_PASSED),
    ReviewResult.REFUSE: (Happening.REFUSE, Event.CHANGE_REFUSED),
    ReviewResult.FAIL_TECHNICAL: (Happening.FAIL_TECHNICAL, Event.TECHNICAL_REVIEW_FAILED),
    ReviewResult.RETURN_TECHNICAL_POINTS: (
        Happening.RETURN_TECHNICAL_POINTS,
        Event.TECHNICAL_POINTS_RETURNED,
    ),
}


async def start_review(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    technical_reviewer: AccountId,
    agency: PartyId | None = None,
    agency_reason: str = "",
    skips_compliance: bool = False,
) -> Change:
    """Name the technical reviewer, and give the change to an agency unless its review is skipped.

    Where the rulebook needs no opinion of an agency, nobody gets it.

    The agency is drawn or has its turn, as the rulebook says; who names one says why.

    :raises NotPermitted: if the actor may not start a review.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it was not accepted, or is reviewed already.
    :raises ReviewerIsAcceptor: if the reviewer accepted it.
    :raises AgencyNotNeeded: if the rulebook needs no agency's opinion, and one is named.
    :raises ComplianceReviewNeeded: if it is skipped though the rules need it (A21).
    :raises ConflictOfInterest: if the named agency has a share in the case.
    :raises AgencyContractInactive: if the named agency has no contract today.
    :raises NamingReasonMissing: if an agency is named without a reason.
    :raises NoAgencyLeft: if nobody is left to choose from.
    """
    actor.require("review:start")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    _, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.ACCEPTANCE
    )
    advance(change.state, Happening.START_REVIEW)
    neutrality.check_reviewer(technical_reviewer, change.acceptor_account_id)
    given = None
    book = await casework.book_of(tx, change)
    neutrality.check_named(agency, needed=book.needs_compliance_opinion)
    if skips_compliance:
        rules.check_skip(change.kind, is_allowed=book.correction_may_skip_compliance)
    elif book.needs_compliance_opinion:
        given = await assignment.give(
            tx, actor=actor, now=now, change=change, agency=agency, reason=agency_reason
        )
    started = await casework.move(
        tx,
        change=change,
        event=Happening.START_REVIEW,
        now=now,
        technical_reviewer_account_id=technical_reviewer,
        agency_party_id=None if given is None else given.agency_party_id,
        agency_contract_id=None if given is None else given.contract_id,
        compliance_is_skipped=skips_compliance,
        operator_party_id=change.operator_party_id or actor.party,
    )
    await case_access.name(
        tx,
        actor=actor,
        now=now,
        case=duties.case_of(started),
        duty=Duty.TECHNICAL_REVIEW,
        account_id=technical_reviewer,
    )
    await audit_log.append(
        tx,
        Event.REVIEW_STARTED,
        actor=actor,
        now=now,
        subjects=casework.about(started),
        facts={"technical_reviewer": technical_reviewer, "agency": started.agency_party_id},
        rules=casework.cites(change, Step.REVIEW_START),
    )
    return started


async def record_technical_opinion(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    points: dict[str, Finding],
    tests: tuple[TestRun, ...],
    overall: Overall,
    remarks: str,
) -> Paper:
    """Give the technical opinion on a change (技术审查意见书, HN-13).

    :raises NotPermitted: if the actor is no technical reviewer.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it is not under review.
    :raises NotTheAssignedReviewer: if somebody else was named.
    :raises OpinionImmutable: if one of this round is there.
    :raises FindingMissing: and the other refusals of ``findings.check_technical``.
    """
    actor.require("technical_opinion:record")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    _, change = await casework.lock(tx, change_id=change_id)
    advance(change.state, Happening.RECORD_TECHNICAL_OPINION)
    neutrality.check_is_assigned(
        account=actor.account_id,
        party=actor.party,
        assigned=await casework.reviewer_of(tx, change),
        operator=change.operator_party_id,
    )
    given = await store.list_papers(tx, change.id, PaperKind.TECHNICAL_OPINION)
    opinions.check_not_given({paper.no for paper in given}, change.technical_round)
    book = await casework.book_of(tx, change)
    findings.check_technical(points, tests, overall, book, samples=await _samples(tx, change))
    document = canonical(
        TechnicalOpinionDocument(
            application_id=change.id,
            dossier_sha256=dossier_of(change),
            reviewer_account_id=actor.account_id,
            findings=points,
            tests=tests,
            overall=overall,
            remarks=remarks,
            recorded_at=now.isoformat(),
        )
    )
    opinion = await casework.write(
        tx,
        change=change,
        kind=PaperKind.TECHNICAL_OPINION,
        body={"overall": overall.value},
        actor=actor,
        now=now,
        no=change.technical_round,
        document=document,
        party_id=actor.party,
    )
    await casework.move(tx, change=change, event=Happening.RECORD_TECHNICAL_OPINION, now=now)
    await audit_log.append(
        tx,
        Event.TECHNICAL_OPINION_RECORDED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts={"overall": overall, "round": opinion.no},
        rules=casework.cites(change, Step.OPINION),
        digests=[Digest("technical_opinion", str(opinion.id), sha256_hex(document))],
    )
    return opinion


async def record_compliance_opinion(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    document: bytes,
    signature: Signature,
) -> Paper:
    """Keep the agency's opinion on a change exactly as it signed it (合规性评估意见书, HN-14).

    :raises NotPermitted: if the actor reviews for no agency.
    :raises Missing: if the case was not given to the actor's agency.
    :raises ChangeEventNotAllowed: if it is not under review.
    :raises ConflictUndeclared: if it has not declared itself.
    :raises AgencyContractInactive: if the contract was suspended meanwhile.
    :raises TechnicalOpinionFirst: if the technical opinion is not there (A8).
    :raises OpinionImmutable: if one is there.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises FindingMissing: and the other refusals of ``findings.check_compliance``.
    :raises OpinionSignatureInvalid: if the agency's own key did not sign it.
    """
    actor.require("compliance_opinion:record")
    _, change = await casework.lock(tx, change_id=change_id)
    if change.agency_party_id is None or actor.party != change.agency_party_id:
        raise Missing
    agency = change.agency_party_id
    advance(change.state, Happening.RECORD_COMPLIANCE_OPINION)
    await assignments.opine(
        tx, now=now, case_kind=CaseKind.CHANGE, case_id=change.id, agency=agency
    )
    technical = await store.list_papers(tx, change.id, PaperKind.TECHNICAL_OPINION)
    opinions.check_order(
        has_technical=any(paper.no == change.technical_round for paper in technical),
        in_parallel=(await casework.book_of(tx, change)).reviews_run_in_parallel,
    )
    given = await store.list_papers(tx, change.id, PaperKind.COMPLIANCE_OPINION)
    opinions.check_not_given({paper.no for paper in given}, 1)
    signed = opinions.read(document, ComplianceOpinionDocument)
    opinions.check_case(
        signed,
        application_id=change.id,
        dossier_sha256=change.dossier_sha256,
        agency_party_id=agency,
    )
    findings.check_compliance(
        signed.findings,
        signed.overall,
        conditions=signed.conditions,
        no_conflict_of_interest=signed.no_conflict_of_interest,
    )
    key = await keys.find_key(tx, signature.key_id)
    signatures.check_opinion(key, agency, document, signature, now)
    opinion = await casework.write(
        tx,
        change=change,
        kind=PaperKind.COMPLIANCE_OPINION,
        body={"overall": signed.overall.value},
        actor=actor,
        now=now,
        document=document,
        signature=signature,
        party_id=agency,
    )
    await casework.move(tx, change=change, event=Happening.RECORD_COMPLIANCE_OPINION, now=now)
    await audit_log.append(
        tx,
        Event.COMPLIANCE_OPINION_RECORDED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts={"overall": signed.overall, "key_id": signature.key_id},
        rules=("HN-05", "HN-14", "HN-18", "HN-27"),
        digests=[Digest("compliance_opinion", str(opinion.id), sha256_hex(document))],
    )
    return opinion


async def decide_review(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    result: ReviewResult,
    refusal_grounds: tuple[RefusalGround, ...] = (),
    reasons: str = "",
) -> Paper:
    """Decide the review of a change within thirty working days (审查决定, HN-12, A21).

    :raises NotPermitted: if the actor may not decide.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it is not under review.
    :raises ChangeOnInactiveCertificate: if the certificate does not count any more.
    :raises BothOpinionsRequired: and the other refusals of ``grounds.check_pass``.
    :raises RefusalGroundMissing: and the other refusals of ``grounds.check_refusal``.
    :raises TechnicalReviewNotFailed: if no negative technical opinion is there to act on.
    """
    actor.require("review:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.DECISION
    )
    event, remembered = _EVENTS[result]
    advance(change.state, event)
    facts = await _facts(tx, certificate, change)
    match result:
        case ReviewResult.PASS:
            rules.check_pass(facts, compliance_is_skipped=change.compliance_is_skipped)
        case ReviewResult.REFUSE:
            eligibility.check_active(
                certificate.number, certificate.state, OfCertificate.REFUSE_CHANGE
            )
            grounds.check_refusal(refusal_grounds, facts)
        case _:
            grounds.check_technical_failure(facts)
    decision = await casework.write(
        tx,
        change=change,
        kind=PaperKind.REVIEW_DECISION,
        body={
            "result": result.value,
            "grounds": refusal_grounds if result is ReviewResult.REFUSE else (),
            "reasons": reasons,
        },
        actor=actor,
        now=now,
    )
    goes_on = result is ReviewResult.RETURN_TECHNICAL_POINTS
    decided = await casework.move(
        tx,
        change=change,
        event=event,
        now=now,
        technical_round=change.technical_round + goes_on,
    )
    if not goes_on:
        if result is not ReviewResult.PASS or not facts.rulebook.review_covers_everything:
            await casework.meet_clock(tx, decided, kind="review", now=now)
        await casework.start_clock(
            tx,
            decided,
            kind="review_notification",
            period=facts.rulebook.acceptance_notice,
            now=now,
            calendar=calendar,
        )
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=casework.about(decided),
        facts={"decision_id": decision.id, **decision.body},
        before={"state": change.state.value},
        after={"state": decided.state.value},
        reason=reasons or None,
        rules=casework.cites(change, Step.REVIEW),
    )
    await casework.end_handling(tx, change=decided, now=now)
    return decision


def dossier_of(change: Change) -> str:
    """Return the digest of the dossier of a change that was handed in."""
    assert change.dossier_sha256 is not None, "a change that was handed in has a dossier"
    return change.dossier_sha256


async def _facts(tx: Tx, certificate: Certificate, change: Change) -> ReviewFacts:
    def last(papers: list[Paper], no: int) -> Overall | None:
        return next((Overall(paper.body["overall"]) for paper in papers if paper.no == no), None)

    product = await products.find(tx, product_id=change.product_id)
    description: Any = None if product is None else product.description
    assert description is not None, "a certified product is described"
    technical = await store.list_papers(tx, change.id, PaperKind.TECHNICAL_OPINION)
    compliance = await store.list_papers(tx, change.id, PaperKind.COMPLIANCE_OPINION)
    return ReviewFacts(
        technical=last(technical, change.technical_round),
        compliance=last(compliance, 1),
        contains_national_core_data=description.contains_national_core_data,
        has_open_dispute=certificate.open_objections > 0,
        rulebook=await casework.book_of(tx, change),
    )


async def _samples(tx: Tx, change: Change) -> dict[uuid.UUID, str]:
    """Return the files of a case, by which a test can be held against what was handed in."""
    held = await store.list_materials(tx, change.id)
    found: dict[uuid.UUID, str] = {material.file_id: material.sha256 for material in held}
    product = await products.find(tx, product_id=change.product_id)
    if product is not None and product.content is not None:
        found[product.content.file_id] = product.content.sha256
    return found
