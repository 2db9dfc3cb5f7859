"""Order that a certificate is issued anew, let it be authorised, and issue it (重新发放, HN-20)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import format as certificate_format
from catalog.certificates import reissuing
from catalog.certificates.format import Authorisation, CertificateDocument
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import casework, keeping, succession
from catalog.certificates.reissuing import (
    Corrected,
    GroundKind,
    Reissue,
    ReissueAuthorisationDocument,
)
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import advance
from catalog.certificates.store import reissues
from catalog.delegations import operations as delegations
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.products import queries as product_queries
from catalog.products.operations import publishing as products
from catalog.registration.issuance import IssuanceNotAuthorised, ObjectionOpen
from catalog.registration.operations.authorisation import read_signed
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature
from catalog.signing.signer import Signer


async def order(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate: Certificate,
    ground: GroundKind,
    ground_id: uuid.UUID,
    corrected: Corrected,
) -> Reissue:
    """Keep that a certificate, which the caller holds locked and has frozen, is to be issued anew.

    Part of the command that accepted the outcome or carried the instrument out.

    :raises CorrectionEmpty: and the other refusals of ``reissuing.check``.
    :raises ReissueOrderedAlready: if another correction waits.
    """
    book = by_code(certificate.rulebook)
    reissuing.check(
        certificate_format.read_document(certificate.document),
        corrected,
        owners_may_change=book.owners_may_be_corrected,
    )
    ordered = Reissue(
        id=new_id(),
        certificate_number=certificate.number,
        registrant_party_id=certificate.registrant_party_id,
        ground=ground,
        ground_id=ground_id,
        corrected=corrected,
        corrected_sha256=reissuing.digest(corrected),
        ordered_at=now,
        needs_authorisation=book.needs_authorisation,
    )
    async with beyond_own_rows(tx):  # whoever accepted last may be the objector
        if await reissues.lock_open_reissue(tx, certificate.number) is not None:
            raise reissuing.ReissueOrderedAlready(number=certificate.number)
        await reissues.insert_reissue(tx, ordered)
    await audit_log.append(
        tx,
        Event.REISSUE_ORDERED,
        actor=actor,
        now=now,
        subjects=_about(ordered, certificate),
        facts={"corrected_sha256": ordered.corrected_sha256},
        after=msgspec.to_builtins(corrected),
        rules=book.cites(Step.OBJECTION_AFTER),
    )
    return ordered


async def authorise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    document: bytes,
    signature: Signature,
) -> Reissue:
    """Keep the bureau's authorisation of the corrected certificate as it signed it (HN-16(b)).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if no such certificate is to be issued anew.
    :raises ReissueNeedsNoAuthorisation: if its rulebook asks for none.
    :raises ReissueAuthorisedAlready: if it was authorised before.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises AuthorisationSignatureInvalid: if the bureau's own key did not sign it.
    :raises AuthorisationNumberUsed: if its number was given before.
    """
    actor.require("issuance:authorise")
    certificate = await casework.lock(tx, certificate_number)
    ordered = await _lock_open(tx, certificate_number)
    if not ordered.needs_authorisation:
        raise reissuing.ReissueNeedsNoAuthorisation(number=certificate_number)
    if ordered.authorised_at is not None:
        raise reissuing.ReissueAuthorisedAlready(number=certificate_number)
    signed = await read_signed(
        tx,
        document,
        signature,
        kind=ReissueAuthorisationDocument,
        actor=actor,
        now=now,
        is_used=reissues.is_reissue_number_used,
        reissue_id=ordered.id,
        certificate_number=ordered.certificate_number,
        corrected_sha256=ordered.corrected_sha256,
    )
    authorised = msgspec.structs.replace(
        ordered,
        bureau_party_id=actor.party,
        authority=signed.authority,
        authorisation_number=signed.authorisation_number,
        authorisation=document,
        authorisation_sha256=sha256_hex(document),
        key_id=signature.key_id,
        signature=signature.value,
        authorised_by=actor.account_id,
        authorised_at=now,
    )
    await reissues.update_reissue(tx, authorised)
    await audit_log.append(
        tx,
        Event.ISSUANCE_AUTHORISED,
        actor=actor,
        now=now,
        subjects=_about(authorised, certificate),
        facts={"authorisation_number": authorised.authorisation_number},
        rules=("HN-16", "HN-20"),
        digests=[Digest("issuance_authorisation", str(authorised.id), sha256_hex(document))],
    )
    return authorised


async def find_owners(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> list[PartyId]:
    """Return who is to own a corrected certificate, for the door that names them.

    Part of the command that issues; none, if its owners stay.

    :raises NotPermitted: if the actor may not issue.
    :raises Missing: if no such certificate is to be issued anew.
    :raises CaseHeldByAnother: if a colleague keeps the case.
    """
    actor.require("certificate:issue")
    await keeping.take_up(tx, actor=actor, now=now, certificate_number=certificate_number)
    ordered = await _lock_open(tx, certificate_number)
    return [owner.party_id for owner in ordered.corrected.owners]


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    certificate_number: str,
    parties: Mapping[PartyId, NamedParty],
    issuer: str,
    public_url: str,
) -> tuple[Certificate, tuple[str, ...]]:
    """Issue the corrected certificate in the old one's place; return it and what it says otherwise.

    ``parties`` gives the owners' masked ids. Issuing and superseding are one transaction, so that
    there is never a corrected certificate beside a wrong one, nor none at all.

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if no such certificate is to be issued anew.
    :raises CaseHeldByAnother: if a colleague keeps the case.
    :raises IssuanceNotAuthorised: if its rulebook needs that, and the bureau has not signed.
    :raises ObjectionOpen: if another objection to the certificate is open.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    actor.require("certificate:issue")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate = await keeping.take_up(
        tx, actor=actor, now=now, certificate_number=certificate_number
    )
    ordered = await _lock_open(tx, certificate_number)
    advance(certificate.state, Happening.REISSUE)
    book = by_code(certificate.rulebook)
    if ordered.needs_authorisation and ordered.authorised_at is None:
        raise IssuanceNotAuthorised
    if certificate.open_objections:
        raise ObjectionOpen(open_objections=certificate.open_objections)
    said = certificate_format.read_document(certificate.document)
    changed = reissuing.check(said, ordered.corrected)
    ground = (Subject(ordered.ground.value, str(ordered.ground_id)),)
    old = await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.REISSUE,
        remembered=Event.CERTIFICATE_SUPERSEDED,
        reason=f"{ordered.ground.value} {ordered.ground_id}: issued anew",
        rules=book.cites(Step.OBJECTION_AFTER),
        also=ground,
    )
    masked = {party_id: party.id_masked for party_id, party in parties.items()}
    document = _corrected(said, ordered, masked, old=old, now=now, issuer=issuer)
    new = await succession.issue_after(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        old=old,
        registrant=reissuing.registrant(certificate.registrant_party_id, ordered.corrected),
        written=lambda number: msgspec.structs.replace(
            document,
            registration_number=number,
            verification_url=f"{public_url}/certificates/{number}",
        ),
        rules=book.cites(Step.REISSUE),
        also=ground,
    )
    await fees.freeze(
        tx,
        now=now,
        application_kind=ApplicationKind.REISSUE,
        subject_id=ordered.id,
        party_id=new.registrant_party_id,
    )
    issued = msgspec.structs.replace(ordered, new_certificate_number=new.number, issued_at=now)
    await reissues.update_reissue(tx, issued)
    await _follow(tx, new, ordered.corrected, actor=actor, now=now)
    return new, changed


def _corrected(
    said: CertificateDocument,
    ordered: Reissue,
    masked: Mapping[PartyId, str],
    *,
    old: Certificate,
    now: dt.datetime,
    issuer: str,
) -> CertificateDocument:
    return msgspec.structs.replace(
        said,
        **reissuing.restated(said, ordered.corrected, masked),
        certificate_version=old.version + 1,
        registration_type="reissue",
        issued_at=succession.local_instant(now),
        issuer=issuer,
        authorised_by=_authorised(ordered),
        content_fingerprint=ordered.corrected_sha256,
        supersedes=old.number,
        remarks=(*said.remarks, f"重新发放：{ordered.ground.value} {ordered.ground_id}"),
    )


def _authorised(ordered: Reissue) -> Authorisation | None:
    if ordered.authorised_at is None:  # the rulebook asks for none
        return None
    assert ordered.authority is not None, "it was authorised"
    assert ordered.authorisation_number is not None, "it was authorised"
    assert ordered.authorisation_sha256 is not None, "it was authorised"
    return Authorisation(
        authority=ordered.authority,
        authorisation_number=ordered.authorisation_number,
        sha256=ordered.authorisation_sha256,
    )


async def _follow(
    tx: Tx, new: Certificate, corrected: Corrected, *, actor: Actor, now: dt.datetime
) -> None:
    product = await product_queries.find(tx, product_id=new.product_id)
    assert product is not None, "a certified product is there"
    assert product.description is not None, "a certified product is described"
    await products.follow_certificate(
        tx,
        actor=actor,
        now=now,
        product_id=product.id,
        description=reissuing.applied(product.description, corrected),
    )


async def _lock_open(tx: Tx, certificate_number: str) -> Reissue:
    found = await reissues.lock_open_reissue(tx, certificate_number)
    if found is None:
        raise Missing
    return found


def _about(reissue: Reissue, certificate: Certificate) -> list[Subject]:
    return [
        Subject("certificate", certificate.number),
        Subject("product", str(certificate.product_id)),
        Subject("reissue", str(reissue.id)),
        Subject(reissue.ground.value, str(reissue.ground_id)),
    ]
