"""Issue, freeze, revoke and deregister certificates (发证、冻结、撤销、注销)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import basis, encumbrances, number, store
from catalog.certificates import format as certificate_format
from catalog.certificates.basis import Instrument
from catalog.certificates.format import (
    Authorisation,
    CertificateDocument,
    CertifiedOwner,
    NoticeRun,
)
from catalog.certificates.model import Certificate
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import State, advance
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.local_time import SHANGHAI, local_date
from catalog.registration import dossier
from catalog.registration.operations import closing
from catalog.registration.operations.closing import ReadyToIssue
from catalog.registration.ownership import Owner
from catalog.rulebooks import registry
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

FIRST: Final = 1


class ProductCertifiedAlready(Conflict):
    """Another certificate of the product counts, or is frozen; a product has one at a time."""

    code = "product_certified_already"


class StateReasonMissing(Invalid):
    """Who freezes, revokes or deregisters a certificate says why."""

    code = "certificate_reason_missing"


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    application_id: uuid.UUID,
    issuer: str,
    public_url: str,
) -> Certificate:
    """Issue the certificate of an authorised application, and close the registration (HN-16, HN-17).

    1. The application is locked and may be issued: the notice is over, nobody's objection is open,
       the bureau authorised it.
    2. It gets the next number of the year.
    3. The document is made from the dossier that was reviewed, and signed as it is stored.
    4. The issue is remembered with the digest of the document; nothing unlogged is a certificate.
    5. The registration is closed.

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises NoticePeriodRunning: and the other refusals of ``issuance.check_issue``.
    :raises ApplicationEventNotAllowed: if it is issued already, or not so far.
    :raises ProductCertifiedAlready: if another certificate of the product counts.
    :raises CertificateFieldEmpty: if a field that HN-17 names is empty.
    """
    actor.require("certificate:issue")
    assert signer.purpose is Purpose.CERTIFICATE, "certificates have a key of their own"
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    ready = await closing.lock_for_issue(tx, application_id=application_id, now=now)
    counting = await store.find_counting(tx, ready.application.product_id)
    if counting is not None:
        raise ProductCertifiedAlready(number=counting.number)
    year = local_date(now).year
    registration_number = number.make(year, await store.next_serial(tx, year))
    document = certificate_format.document_bytes(
        _document(ready, registration_number, now, issuer=issuer, public_url=public_url)
    )
    signature = signer.seal(document)
    sha256 = sha256_hex(document)
    application = ready.application
    entry_id = await audit_log.append(
        tx,
        Event.CERTIFICATE_ISSUED,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", registration_number),
            Subject("application", str(application.id)),
            Subject("product", str(application.product_id)),
        ],
        facts={"key_id": signature.key_id, "version": FIRST},
        before={"state": application.state.value},
        rules=("HN-16", "HN-17"),
        digests=[Digest("certificate", registration_number, sha256)],
    )
    certificate = Certificate(
        number=registration_number,
        application_id=application.id,
        product_id=application.product_id,
        product_name=ready.submission.dossier["product:name"],
        registrant_party_id=application.applicant_party_id,
        version=FIRST,
        document=document,
        record_sha256=sha256,
        key_id=signature.key_id,
        signature=signature.value,
        issued_at=now,
        issued_by=actor.account_id,
        entry_id=entry_id,
        state=State.ACTIVE,
        state_since=now,
        open_objections=0,
    )
    await closing.close(tx, application=application, now=now)
    await store.insert(tx, certificate)
    return certificate


async def freeze(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Freeze a certificate while a dispute is before a court or an arbitrator (争议冻结, A20).

    :raises NotPermitted: if the actor may not freeze.
    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CertificateEventNotAllowed: if it does not count any more, or is frozen.
    """
    actor.require("certificate:freeze")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.FREEZE,
        remembered=Event.CERTIFICATE_FROZEN,
        reason=reason,
        rules=("HN-20",),
    )


async def unfreeze(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Let a frozen certificate count again (解除冻结).

    :raises NotPermitted: if the actor may not freeze.
    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CertificateEventNotAllowed: if it is not frozen.
    """
    actor.require("certificate:freeze")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.UNFREEZE,
        remembered=Event.CERTIFICATE_UNFROZEN,
        reason=reason,
        rules=("HN-20",),
    )


async def revoke(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: Instrument,
    reason: str,
) -> Certificate:
    """Revoke a certificate as an instrument in force demands (撤销); it never counts again.

    :raises NotPermitted: if the actor may not revoke.
    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    actor.require("certificate:revoke")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    basis.check_effective(instrument, local_date(now))
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.REVOKE,
        remembered=Event.CERTIFICATE_REVOKED,
        reason=reason,
        rules=("HN-20",),
        facts={"instrument": instrument},
    )


async def deregister(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Deregister one's own certificate (注销, HN-19(a)).

    :raises NotPermitted: if the actor may not deregister.
    :raises Missing: if no certificate of the actor's party has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CertificateEncumbered: if an objection against it is open.
    :raises CertificateEventNotAllowed: if it does not count, or is frozen.
    """
    actor.require("certificate:deregister")
    certificate = await store.lock(tx, certificate_number)
    if certificate is None or certificate.registrant_party_id != actor.party:
        raise Missing
    encumbrances.check_free(certificate.open_objections)
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.DEREGISTER,
        remembered=Event.CERTIFICATE_DEREGISTERED,
        reason=reason,
        rules=("HN-19",),
    )


# ── the objections' part ────────────────────────────────────────────────────────────────────


async def lock(tx: Tx, *, certificate_number: str) -> None:
    """Lock a certificate before the objections to it are.

    :raises Missing: if no certificate has this number.
    """
    await _lock(tx, certificate_number)


async def encumber(tx: Tx, *, certificate_number: str) -> Certificate:
    """Count one more open objection against a certificate that still counts. It stays as it is.

    :raises Missing: if no certificate has this number.
    :raises CertificateEventNotAllowed: if it does not count any more: nothing is left to dispute.
    """
    certificate = await _lock(tx, certificate_number)
    advance(certificate.state, Happening.REVOKE)
    return await _count(tx, certificate, certificate.open_objections + 1)


async def disencumber(tx: Tx, *, certificate_number: str) -> None:
    """Count one open objection less, because it is closed."""
    certificate = await _lock(tx, certificate_number)
    await _count(tx, certificate, max(0, certificate.open_objections - 1))


async def carry_out_revocation(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, objection_id: uuid.UUID
) -> None:
    """Revoke a certificate because both sides accepted that outcome (HN-20(1)).

    Whoever accepted last does not need the right to revoke: the operator determined it before.
    """
    await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.REVOKE,
        remembered=Event.CERTIFICATE_REVOKED,
        reason=f"objection {objection_id}",
        rules=("HN-20",),
        also=(Subject("objection", str(objection_id)),),
    )


async def carry_out_reissue(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, objection_id: uuid.UUID
) -> None:
    """Take a certificate out of force because both sides accepted that it is issued anew.

    The corrected facts are not known to anybody but the registrant, who applies for the new
    certificate; this one counts no longer, so that the product is free to be registered again.
    """
    await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.REISSUE,
        remembered=Event.CERTIFICATE_SUPERSEDED,
        reason=f"objection {objection_id}: to be issued anew",
        rules=("HN-20",),
        also=(Subject("objection", str(objection_id)),),
    )


# ── parts ───────────────────────────────────────────────────────────────────────────────────


async def _lock(tx: Tx, certificate_number: str) -> Certificate:
    certificate = await store.lock(tx, certificate_number)
    if certificate is None:
        raise Missing
    return certificate


async def _count(tx: Tx, certificate: Certificate, open_objections: int) -> Certificate:
    counted = msgspec.structs.replace(certificate, open_objections=open_objections)
    await store.update_state(tx, counted)
    return counted


async def _move(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    event: Happening,
    remembered: Event,
    reason: str,
    rules: tuple[str, ...],
    also: tuple[Subject, ...] = (),
    facts: Any = None,
) -> Certificate:
    certificate = await _lock(tx, certificate_number)
    if not reason.strip():
        raise StateReasonMissing
    moved = msgspec.structs.replace(
        certificate, state=advance(certificate.state, event), state_since=now
    )
    await store.update_state(tx, moved)
    await store.insert_change(tx, moved, reason=reason)
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", certificate.number),
            Subject("product", str(certificate.product_id)),
            *also,
        ],
        facts=facts,
        before={"state": certificate.state.value},
        after={"state": moved.state.value},
        reason=reason,
        rules=rules,
    )
    return moved


def _document(
    ready: ReadyToIssue,
    registration_number: str,
    now: dt.datetime,
    *,
    issuer: str,
    public_url: str,
) -> CertificateDocument:
    application, notice = ready.application, ready.notice
    parts: dict[str, Any] = ready.submission.dossier
    rulebook = registry.by_code(application.rulebook)
    assert notice.starts_on is not None, "a notice that is over ran"
    assert notice.ends_on is not None, "a notice that is over ran"
    assert application.application_number is not None, "a submitted application has a number"
    return CertificateDocument(
        type=certificate_format.TYPE,
        product_name=parts["product:name"],
        owners=tuple(
            CertifiedOwner(name=owner.name, kind=owner.kind, share=owner.share_text)
            for owner in msgspec.convert(parts["form:owners"], tuple[Owner, ...])
        ),
        product_form=parts["product:form"],
        product_validity=dossier.validity(parts),
        scenarios=tuple(parts["product:scenarios"]),
        registration_number=registration_number,
        certificate_version=FIRST,
        registration_type="initial",
        issued_at=now.astimezone(SHANGHAI).isoformat(),
        issuer=issuer,
        authorised_by=Authorisation(
            authority=ready.authorisation.authority,
            authorisation_number=ready.authorisation.authorisation_number,
            sha256=ready.authorisation.sha256,
        ),
        ruleset=rulebook.code,
        rights=rulebook.rights_vocabulary,
        rights_vocabulary=rulebook.code,
        content_fingerprint=ready.submission.dossier_sha256,
        application_number=application.application_number,
        product_id=str(application.product_id),
        notice=NoticeRun(
            starts_on=notice.starts_on.isoformat(),
            ends_on=notice.ends_on.isoformat(),
            urls=tuple(posting.url for posting in notice.postings),
        ),
        technical_opinion_sha256=ready.technical_opinion.sha256,
        compliance_opinion_sha256=ready.compliance_opinion.sha256,
        agency_party_id=str(ready.compliance_opinion.agency_party_id),
        verification_url=f"{public_url}/certificates/{registration_number}",
    )
