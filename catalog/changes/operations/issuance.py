"""Let the new certificate be issued, and issue it in the old one's place (授权、换发, HN-18, A21)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access.model import Duty
from catalog.certificates import format as certificate_format
from catalog.certificates.format import Authorisation, CertificateDocument
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as certificates
from catalog.certificates.operations import succession
from catalog.certificates.states import Event as OfCertificate
from catalog.changes import content, eligibility, store
from catalog.changes.model import AuthorisationDocument, Change, Kind, Paper, PaperKind
from catalog.changes.operations import casework
from catalog.changes.operations.review import dossier_of
from catalog.changes.states import Event as Happening
from catalog.changes.states import advance
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from catalog.products import queries as product_queries
from catalog.products.operations import publishing as products
from catalog.registration.issuance import IssuanceNotAuthorised, ObjectionOpen
from catalog.registration.operations.authorisation import ReturnReasonMissing, read_signed
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature
from catalog.signing.signer import Signer


async def authorise_issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    document: bytes,
    signature: Signature,
) -> Paper:
    """Keep the bureau's authorisation of the new certificate exactly as it signed it (A21).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it does not wait for an authorisation.
    :raises AuthorisationNotNeeded: if the rulebook asks for none.
    :raises ChangeOnInactiveCertificate: if the certificate does not count any more.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises AuthorisationSignatureInvalid: if the bureau's own key did not sign it.
    :raises AuthorisationNumberUsed: if its number was given before.
    """
    actor.require("issuance:authorise")
    certificate, change = await casework.lock_supervised(tx, actor=actor, change_id=change_id)
    advance(change.state, Happening.AUTHORISE_ISSUE)
    eligibility.check_authorisable(await casework.book_of(tx, change))
    eligibility.check_active(certificate.number, certificate.state, OfCertificate.APPROVE_CHANGE)
    signed = await read_signed(
        tx,
        document,
        signature,
        kind=AuthorisationDocument,
        actor=actor,
        now=now,
        is_used=store.is_authorisation_number_used,
        change_id=change.id,
        certificate_number=change.certificate_number,
        dossier_sha256=change.dossier_sha256,
    )
    paper = await casework.write(
        tx,
        change=change,
        kind=PaperKind.AUTHORISATION,
        body={
            "authority": signed.authority,
            "authorisation_number": signed.authorisation_number,
        },
        actor=actor,
        now=now,
        document=document,
        signature=signature,
        party_id=actor.party,
    )
    await casework.move(tx, change=change, event=Happening.AUTHORISE_ISSUE, now=now)
    await audit_log.append(
        tx,
        Event.ISSUANCE_AUTHORISED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts=paper.body,
        rules=casework.cites(change, Step.ISSUE),
        digests=[Digest("issuance_authorisation", str(paper.id), sha256_hex(document))],
    )
    return paper


async def return_for_check(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    reason: str,
) -> Change:
    """Send a change back to the review (全流程监管, HN-05(1)); the thirty working days run anew.

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such change.
    :raises ReturnReasonMissing: if no reason is given.
    :raises ChangeEventNotAllowed: if it does not wait for an authorisation.
    """
    actor.require("issuance:authorise")
    _, change = await casework.lock_supervised(tx, actor=actor, change_id=change_id)
    if not reason.strip():
        raise ReturnReasonMissing
    returned = await casework.move(tx, change=change, event=Happening.RETURN_TO_REVIEW, now=now)
    await casework.start_clock(
        tx,
        returned,
        kind="review",
        period=(await casework.book_of(tx, change)).review,
        now=now,
        calendar=calendar,
    )
    await audit_log.append(
        tx,
        Event.ISSUANCE_RETURNED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        reason=reason,
        rules=("HN-05", *by_code(change.rulebook).cites(Step.CHANGE)),
    )
    return returned


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    change_id: uuid.UUID,
    agency_name: str,
    issuer: str,
    public_url: str,
) -> Certificate:
    """Issue the new certificate; the old one is superseded, the product says what it says (HN-18).

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeOnInactiveCertificate: if the certificate does not count any more.
    :raises IssuanceNotAuthorised: if its rulebook needs that, and the bureau has not signed.
    :raises ChangeEventNotAllowed: if it is not so far, or issued already.
    :raises ObjectionOpen: if an objection to the certificate is open.
    """
    actor.require("certificate:issue")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.ISSUANCE
    )
    authorisations = await store.list_papers(tx, change.id, PaperKind.AUTHORISATION)
    if not authorisations and (await casework.book_of(tx, change)).needs_authorisation:
        advance(change.state, Happening.AUTHORISE_ISSUE)
        raise IssuanceNotAuthorised
    issued = await casework.move(tx, change=change, event=Happening.ISSUE_CERTIFICATE, now=now)
    eligibility.check_active(certificate.number, certificate.state, OfCertificate.APPROVE_CHANGE)
    if certificate.open_objections:
        raise ObjectionOpen(open_objections=certificate.open_objections)
    superseded = await certificates.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate.number,
        event=OfCertificate.APPROVE_CHANGE,
        remembered=Event.CERTIFICATE_SUPERSEDED,
        reason=f"{change.kind.value} {change.change_number}",
        rules=by_code(change.rulebook).cites(Step.CHANGE),
        also=(Subject(casework.SUBJECT, str(change.id)),),
    )
    document = await _restated(
        tx,
        superseded,
        change,
        authorisations[-1] if authorisations else None,
        now=now,
        agency_name=agency_name,
        issuer=issuer,
    )
    new = await succession.issue_after(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        old=superseded,
        registrant=change.registrant_party_id,
        written=lambda number: msgspec.structs.replace(
            document,
            registration_number=number,
            verification_url=f"{public_url}/certificates/{number}",
        ),
        rules=casework.cites(change, Step.ISSUE),
        also=(Subject(casework.SUBJECT, str(change.id)),),
    )
    await store.update(tx, msgspec.structs.replace(issued, new_certificate_number=new.number))
    await casework.meet_clock(tx, change, kind="review", now=now)  # if it covers everything
    await casework.stop_clocks(tx, change, now=now, note="certificate issued")
    await _follow(tx, change, actor=actor, now=now)
    await casework.end_handling(tx, change=issued, now=now)
    return new


async def _restated(
    tx: Tx,
    old: Certificate,
    change: Change,
    authorisation: Paper | None,
    *,
    now: dt.datetime,
    agency_name: str,
    issuer: str,
) -> CertificateDocument:
    said = certificate_format.read_document(old.document)
    technical = (await store.list_papers(tx, change.id, PaperKind.TECHNICAL_OPINION))[-1]
    compliance = await store.list_papers(tx, change.id, PaperKind.COMPLIANCE_OPINION)
    reviewed = {}
    if compliance:  # if it was skipped, the opinion on the first registration stands on
        reviewed = {
            "compliance_opinion_sha256": compliance[-1].sha256,
            "agency_name": agency_name,
            "agency_party_id": str(change.agency_party_id),
        }
    word = "更正登记" if change.kind is Kind.CORRECTION else "变更登记"
    return msgspec.structs.replace(
        said,
        **content.restated(said, change.wanted),
        certificate_version=old.version + 1,
        registration_type=change.kind.value,
        issued_at=succession.local_instant(now),
        issuer=issuer,
        authorised_by=_authorised(authorisation),
        content_fingerprint=dossier_of(change),
        technical_opinion_sha256=technical.sha256,
        supersedes=old.number,
        remarks=(*said.remarks, f"{word} {change.change_number}"),
        **reviewed,
    )


def _authorised(authorisation: Paper | None) -> Authorisation | None:
    if authorisation is None:  # the rulebook asks for none
        return None
    assert authorisation.sha256 is not None, "an authorisation was signed"
    return Authorisation(
        authority=authorisation.body["authority"],
        authorisation_number=authorisation.body["authorisation_number"],
        sha256=authorisation.sha256,
    )


async def _follow(tx: Tx, change: Change, *, actor: Actor, now: dt.datetime) -> None:
    product = await product_queries.find(tx, product_id=change.product_id)
    assert product is not None, "a certified product is there"
    assert product.description is not None, "a certified product is described"
    await products.follow_certificate(
        tx,
        actor=actor,
        now=now,
        product_id=product.id,
        description=content.applied(product.description, change.wanted),
    )
