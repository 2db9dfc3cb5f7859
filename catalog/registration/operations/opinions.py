"""Give the two opinions of a review (审查意见): the operator's technical one, the agency's own.

HN-13, HN-14. Nobody replaces an opinion that is there.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.agencies.model import CaseKind
from catalog.agencies.operations import assignments
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.products import queries as products
from catalog.registration import findings, neutrality, opinions, signatures
from catalog.registration.findings import Finding, Overall, TestRun
from catalog.registration.model import (
    Application,
    ComplianceOpinion,
    ComplianceOpinionDocument,
    TechnicalOpinion,
    TechnicalOpinionDocument,
)
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.registration.store import filed, reviews
from catalog.rulebooks.steps import Step
from catalog.signing import queries as keys
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature


async def record_technical_opinion(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    points: dict[str, Finding],
    tests: tuple[TestRun, ...],
    overall: Overall,
    remarks: str,
) -> TechnicalOpinion:
    """Give the technical opinion (技术审查意见书, HN-13).

    :raises NotPermitted: if the actor is no technical reviewer.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises ReviewerNotOperatorStaff: if the actor works for somebody else.
    :raises NotTheAssignedReviewer: if somebody else was named.
    :raises OpinionImmutable: if one of this round is there.
    :raises FindingMissing: if one of the three points is missing.
    :raises TestSampleUnknown: and the other refusals of ``findings.check_technical``.
    """
    actor.require("technical_opinion:record")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock(tx, application_id=application_id)
    advance(application.state, Happening.RECORD_TECHNICAL_OPINION)
    neutrality.check_is_assigned(
        account=actor.account_id,
        party=actor.party,
        assigned=await casework.reviewer_of(tx, application),
        operator=application.operator_party_id,
    )
    given = await reviews.list_technical_opinions(tx, application.id)
    opinions.check_not_given({o.round for o in given}, application.technical_round)
    book = await casework.rulebook_of(tx, application)
    samples = await _samples(tx, application)
    findings.check_technical(points, tests, overall, book, samples=samples)
    document = canonical(
        TechnicalOpinionDocument(
            application_id=application.id,
            dossier_sha256=_dossier_of(application),
            reviewer_account_id=actor.account_id,
            findings=points,
            tests=tests,
            overall=overall,
            remarks=remarks,
            recorded_at=now.isoformat(),
        )
    )
    opinion = TechnicalOpinion(
        id=new_id(),
        application_id=application.id,
        round=application.technical_round,
        reviewer_account_id=actor.account_id,
        overall=overall,
        document=document,
        sha256=sha256_hex(document),
        recorded_at=now,
    )
    await reviews.insert_technical_opinion(tx, opinion)
    await casework.move(
        tx, application=application, event=Happening.RECORD_TECHNICAL_OPINION, now=now
    )
    await audit_log.append(
        tx,
        Event.TECHNICAL_OPINION_RECORDED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"overall": overall, "round": opinion.round},
        rules=casework.cites(application, Step.OPINION),
        digests=[Digest("technical_opinion", str(opinion.id), opinion.sha256)],
    )
    return opinion


async def record_compliance_opinion(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    document: bytes,
    signature: Signature,
) -> ComplianceOpinion:
    """Keep the agency's opinion exactly as it signed it (合规性评估意见书, HN-14).

    1. The case was given to the actor's agency, which declared that it has no conflict of interest.
    2. The bytes say what an opinion must, about this application and this dossier.
    3. The agency's own key signed exactly these bytes.
    4. No opinion of this round is there; nobody replaces one.

    :raises NotPermitted: if the actor reviews for no agency.
    :raises Missing: if the case was not given to the actor's agency.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises ConflictUndeclared: if it has not declared itself.
    :raises AgencyContractInactive: if the contract was suspended meanwhile.
    :raises TechnicalOpinionFirst: if the technical opinion is not there (A8).
    :raises OpinionImmutable: if one of this round is there.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises FindingMissing: if one of the seven points is missing.
    :raises OpinionSignatureInvalid: if the agency's own key did not sign it.
    """
    actor.require("compliance_opinion:record")
    application = await casework.lock(tx, application_id=application_id)
    if application.agency_party_id is None or actor.party != application.agency_party_id:
        raise Missing
    agency = application.agency_party_id
    advance(application.state, Happening.RECORD_COMPLIANCE_OPINION)
    assignment = await assignments.opine(
        tx, now=now, case_kind=CaseKind.APPLICATION, case_id=application.id, agency=agency
    )
    technical = await reviews.list_technical_opinions(tx, application.id)
    opinions.check_order(
        has_technical=any(o.round == application.technical_round for o in technical),
        in_parallel=(await casework.rulebook_of(tx, application)).reviews_run_in_parallel,
    )
    given = await reviews.list_compliance_opinions(tx, application.id)
    opinions.check_not_given({o.round for o in given}, application.compliance_round)
    signed = opinions.read(document, ComplianceOpinionDocument)
    opinions.check_case(
        signed,
        application_id=application.id,
        dossier_sha256=application.dossier_sha256,
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
    opinion = ComplianceOpinion(
        id=new_id(),
        application_id=application.id,
        round=application.compliance_round,
        agency_party_id=agency,
        contract_id=assignment.contract_id,
        overall=signed.overall,
        document=document,
        sha256=sha256_hex(document),
        key_id=signature.key_id,
        signature=signature.value,
        recorded_at=now,
    )
    await reviews.insert_compliance_opinion(tx, opinion)
    await casework.move(
        tx, application=application, event=Happening.RECORD_COMPLIANCE_OPINION, now=now
    )
    await audit_log.append(
        tx,
        Event.COMPLIANCE_OPINION_RECORDED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"overall": opinion.overall, "round": opinion.round, "key_id": opinion.key_id},
        rules=("HN-05", "HN-14", "HN-27"),
        digests=[Digest("compliance_opinion", str(opinion.id), opinion.sha256)],
    )
    return opinion


async def _samples(tx: Tx, application: Application) -> dict[uuid.UUID, str]:
    """Return the files of a case, by which a test can be held against what was handed in."""
    found = {
        material.file_id: material.sha256
        for material in await filed.list_materials(tx, application.id)
        if material.file_id is not None and material.sha256 is not None
    }
    for request in await filed.list_requests(tx, application.id):
        for each in request.answer or ():
            if each.file_id is not None and each.sha256 is not None:
                found[each.file_id] = each.sha256
    product = await products.find(tx, product_id=application.product_id)
    if product is not None and product.content is not None:
        found[product.content.file_id] = product.content.sha256
    return found


def _dossier_of(application: Application) -> str:
    assert application.dossier_sha256 is not None, "a submitted application has a dossier"
    return application.dossier_sha256
