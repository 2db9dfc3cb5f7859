"""Issue a certificate (发证), HN-16, HN-17."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import format as certificate_format
from catalog.certificates.format import (
    Authorisation,
    CertificateDocument,
    CertifiedOwner,
    NoticeRun,
    RightHeld,
)
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.number import CertificateNumber
from catalog.certificates.operations import expiry, numbering, succession
from catalog.certificates.states import State
from catalog.certificates.store import register, rights
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import SHANGHAI, local_date
from catalog.notices.model import Notice
from catalog.products.model import DataNature
from catalog.registration import dossier
from catalog.registration.operations import closing
from catalog.registration.operations.closing import ReadyToIssue
from catalog.registration.ownership import Owner
from catalog.rulebooks import renewing
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

FIRST: Final = 1


class ProductCertifiedAlready(Conflict):
    """Another certificate of the product counts, or is frozen; it has one under each rulebook."""

    code = "product_certified_already"


class RightRegisteredAlready(Conflict):
    """The same right of the same product is registered; different rights would not conflict."""

    code = "right_registered_already"


class PublicDataRegistrationFirst(Refused):
    """A product of public data is registered as public data before a right in it is (NDA35-15, GD-06)."""

    code = "public_data_registration_first"


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    application_id: uuid.UUID,
    parties: Mapping[PartyId, NamedParty],
    issuer: str,
    public_url: str,
) -> Certificate:
    """Issue the certificate of an authorised application, and close the registration (HN-16, HN-17).

    1. The application is locked and may be issued: the notice is over, nobody's objection is open,
       the bureau authorised it.
    2. No other certificate stands in the way; it gets the next number of its rulebook's series.
    3. The document is made from the dossier that was reviewed, and signed as it is stored;
       ``parties`` gives the owners' masked ids and the agency's name.
    4. The issue is remembered with the digest of the document; nothing unlogged is a certificate.
    5. The registration is closed.

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises NoticePeriodRunning: and the other refusals of ``issuance.check_issue``.
    :raises ApplicationEventNotAllowed: if it is issued already, or not so far.
    :raises ProductCertifiedAlready: and the other refusals of ``_check_others``.
    :raises NationalCodeExhausted: if the month's codes are used up.
    :raises CertificateFieldEmpty: if a field that HN-17 names is empty.
    """
    actor.require("certificate:issue")
    assert signer.purpose is Purpose.CERTIFICATE, "certificates have a key of their own"
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    ready = await closing.lock_for_issue(tx, actor=actor, application_id=application_id, now=now)
    await _check_others(tx, ready)
    book, today = ready.rulebook, local_date(now)
    registration_number = await numbering.next_number(tx, book, today)
    valid_through = renewing.valid_through(today, book, ready.application.form.term_ends_on)
    said = _document(
        ready,
        registration_number,
        now,
        valid_through=valid_through,
        parties=parties,
        issuer=issuer,
        public_url=public_url,
    )
    certificate = await _sign_and_remember(
        tx, ready, said, actor=actor, now=now, signer=signer, valid_through=valid_through
    )
    await closing.close(tx, application=ready.application, now=now)
    certificate = await expiry.watched(tx, certificate, said, now=now)
    await register.insert(tx, certificate)
    await succession.tell_issued(tx, certificate, now=now)
    await _register_rights(tx, ready, certificate)
    return certificate


async def _sign_and_remember(
    tx: Tx,
    ready: ReadyToIssue,
    said: CertificateDocument,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    valid_through: dt.date | None,
) -> Certificate:
    """Sign the document as it is stored, and bind it in the log; return the certificate."""
    application, number = ready.application, CertificateNumber(said.registration_number)
    document = certificate_format.document_bytes(said)
    signature = signer.seal(document)
    sha256 = sha256_hex(document)
    entry = await audit_log.append(
        tx,
        Event.CERTIFICATE_ISSUED,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", number),
            Subject("application", str(application.id)),
            Subject("product", str(application.product_id)),
        ],
        facts={"key_id": signature.key_id, "version": FIRST},
        before={"state": application.state.value},
        rules=ready.rulebook.cites(Step.ISSUE),
        digests=[Digest("certificate", number, sha256)],
    )
    return Certificate(
        number=number,
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
        entry_id=entry.id,
        state=State.ACTIVE,
        state_since=now,
        open_objections=0,
        rulebook=ready.rulebook.code,
        valid_through=valid_through,
    )


async def _register_rights(tx: Tx, ready: ReadyToIssue, certificate: Certificate) -> None:
    for claimed in ready.application.form.rights:
        await rights.insert_right(
            tx,
            certificate_number=certificate.number,
            right=claimed.right,
            holder=claimed.party_id,
            product_id=certificate.product_id,
            content_sha256=ready.submission.dossier["product:content_sha256"],
        )


async def _check_others(tx: Tx, ready: ReadyToIssue) -> None:
    """Return if no other certificate stands in the way, and the one that must be there first is.

    :raises ProductCertifiedAlready: if one under the same rulebook counts.
    :raises RightRegisteredAlready: if one of the rights is registered for the same content.
    :raises PublicDataRegistrationFirst: if the product is of public data and not registered as that.
    """
    application, book, parts = ready.application, ready.rulebook, ready.submission.dossier
    counting = {
        each.rulebook: each for each in await register.list_counting(tx, application.product_id)
    }
    if book.code in counting:
        raise ProductCertifiedAlready(number=counting[book.code].number)
    if application.form.rights:
        taken = await rights.find_registered_right(
            tx,
            product_id=application.product_id,
            content_sha256=parts["product:content_sha256"],
            rights=[each.right for each in application.form.rights],
        )
        if taken is not None:
            raise RightRegisteredAlready(right=taken[0], number=taken[1])
    first = book.public_data_first_under
    is_public = parts.get("product:data_nature") == DataNature.PUBLIC
    is_registered = first in counting and counting[first].state is State.ACTIVE
    if first and is_public and not is_registered:
        raise PublicDataRegistrationFirst(rulebook=first)


def _document(
    ready: ReadyToIssue,
    registration_number: str,
    now: dt.datetime,
    *,
    valid_through: dt.date | None,
    parties: Mapping[PartyId, NamedParty],
    issuer: str,
    public_url: str,
) -> CertificateDocument:
    application, notice = ready.application, ready.notice
    parts: dict[str, Any] = ready.submission.dossier
    rulebook, compliance = ready.rulebook, ready.compliance_opinion
    assert application.application_number is not None, "a submitted application has a number"
    return CertificateDocument(
        type=certificate_format.TYPE,
        product_name=parts["product:name"],
        owners=tuple(
            CertifiedOwner(
                name=owner.name,
                kind=owner.kind,
                id_masked=parties[owner.party_id].id_masked,
                share=owner.share_text,
            )
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
        authorised_by=_authorised(ready),
        ruleset=rulebook.code,
        rights=tuple(c.right for c in application.form.rights) or rulebook.rights_vocabulary,
        rights_vocabulary=rulebook.code,
        content_fingerprint=ready.submission.dossier_sha256,
        application_number=application.application_number,
        product_id=str(application.product_id),
        notice=None if notice is None else _run_of(notice),
        technical_opinion_sha256=ready.technical_opinion.sha256,
        compliance_opinion_sha256="" if compliance is None else compliance.sha256,
        agency_name="" if compliance is None else parties[compliance.agency_party_id].name,
        agency_party_id="" if compliance is None else str(compliance.agency_party_id),
        verification_url=f"{public_url}/certificates/{registration_number}",
        right_holders=tuple(
            RightHeld(
                right=claimed.right,
                name=claimed.name,
                kind=claimed.kind,
                id_masked=parties[claimed.party_id].id_masked,
            )
            for claimed in application.form.rights
        ),
        valid_through="" if valid_through is None else valid_through.isoformat(),
        restrictions=application.form.restrictions,
        notice_waived="" if ready.waiver is None else ready.waiver.reason,
        ai_generated=dossier.ai_share(parts),
    )


def _authorised(ready: ReadyToIssue) -> Authorisation | None:
    if ready.authorisation is None:
        return None
    return Authorisation(
        authority=ready.authorisation.authority,
        authorisation_number=ready.authorisation.authorisation_number,
        sha256=ready.authorisation.sha256,
    )


def _run_of(notice: Notice) -> NoticeRun:
    assert notice.starts_on is not None, "a notice that is over ran"
    assert notice.ends_on is not None, "a notice that is over ran"
    return NoticeRun(
        starts_on=notice.starts_on.isoformat(),
        ends_on=notice.ends_on.isoformat(),
        urls=tuple(posting.url for posting in notice.postings),
    )
