"""Hand a certificate on by agreement: offered, signed by the new holder, authorised, issued (A22)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import encumbrances, transferring
from catalog.certificates import format as certificate_format
from catalog.certificates.format import Authorisation, CertificateDocument, CertifiedOwner
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import casework, keeping, succession
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import advance
from catalog.certificates.store import register, transfers
from catalog.certificates.transferring import (
    AgreementDocument,
    Transfer,
    TransferAuthorisationDocument,
    TransferSignatureInvalid,
)
from catalog.delegations import operations as delegations
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration import signatures
from catalog.registration.issuance import IssuanceNotAuthorised
from catalog.registration.operations.authorisation import read_signed
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.signing import queries as keys
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning

_SUBJECT: Final = "transfer"


async def offer(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    agreement: AgreementDocument,
    signature: Signature,
    file_id: uuid.UUID,
) -> Transfer:
    """Offer to hand one's certificate on, signed with one's own key; the contract is a file (转让申请).

    :raises NotPermitted: if the actor may not deregister either.
    :raises Missing: if no certificate of the actor's party has this number, or no such file.
    :raises VoluntaryTransferNotAllowed: if the rules know no transfer by agreement.
    :raises CertificateEncumbered: if somebody has a right in it, or an objection is open.
    :raises CertificateEventNotAllowed: if it does not count, or is frozen.
    :raises TransferAgreementDiffers: if the agreement is about something else.
    :raises TransferSignatureInvalid: if the registrant's own key did not sign it.
    :raises TransferUnderWay: if another transfer of it is.
    """
    actor.require("certificate:deregister")
    certificate = await casework.lock(tx, certificate_number)
    if certificate.registrant_party_id != actor.party:
        raise Missing
    await _check_transferable(tx, certificate, now)
    contract = await files.get_own(tx, viewer=actor, file_id=file_id)
    transferring.check_agreement(
        agreement,
        certificate_number=certificate.number,
        from_party=actor.party,
        contract_sha256=contract.sha256,
        today=local_date(now),
    )
    document = canonical(agreement)
    await _check_signature(tx, actor.party, document, signature, now)
    if await transfers.lock_open_transfer(tx, certificate.number) is not None:
        raise transferring.TransferUnderWay(number=certificate.number)
    offered = Transfer(
        id=new_id(),
        certificate_number=certificate.number,
        from_party_id=actor.party,
        to_party_id=PartyId(agreement.to_party_id),
        agreement=document,
        agreement_sha256=sha256_hex(document),
        from_key_id=signature.key_id,
        from_signature=signature.value,
        offered_by=actor.account_id,
        offered_at=now,
        needs_authorisation=by_code(certificate.rulebook).needs_authorisation,
        contract_file_id=contract.id,
    )
    await transfers.insert_transfer(tx, offered)
    await _let_read(tx, offered, now)
    await _remember(tx, Event.TRANSFER_OFFERED, offered, actor=actor, now=now)
    await _tell(tx, offered, certificate, offered.to_party_id, now=now)
    return offered


async def accept(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    certificate_number: str,
    signature: Signature,
) -> Transfer:
    """Sign the agreement as the one who takes the certificate over, and who owes the fee [P].

    The registrar's days begin, where its rulebook has any.

    :raises NotPermitted: if the actor may not take certificates over.
    :raises Missing: if nothing is offered to the actor's party.
    :raises TransferSignedAlready: if it has signed.
    :raises TransferSignatureInvalid: if its own key did not sign the same agreement.
    """
    actor.require("instrument:take_over")
    certificate = await casework.lock(tx, certificate_number)
    offered = await _lock_open(tx, certificate_number)
    if offered.to_party_id != actor.party:
        raise Missing
    if offered.accepted_at is not None:
        raise transferring.TransferSignedAlready(number=certificate_number)
    await _check_signature(tx, actor.party, offered.agreement, signature, now)
    signed = msgspec.structs.replace(
        offered, to_key_id=signature.key_id, to_signature=signature.value, accepted_at=now
    )
    await transfers.update_transfer(tx, signed)
    await _start_clock(tx, signed, certificate, now=now, calendar=calendar)
    await fees.freeze(
        tx,
        now=now,
        application_kind=ApplicationKind.TRANSFER,
        subject_id=signed.id,
        party_id=signed.to_party_id,
    )
    await _remember(tx, Event.TRANSFER_ACCEPTED, signed, actor=actor, now=now)
    await _tell(tx, signed, certificate, signed.from_party_id, now=now)
    return signed


async def take_back(tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str) -> Transfer:
    """End a transfer that is not issued yet, as either party.

    :raises NotPermitted: if the actor may not take certificates over.
    :raises Missing: if no transfer of the actor's party is under way.
    """
    actor.require("instrument:take_over")
    await casework.lock(tx, certificate_number)
    offered = await _lock_open(tx, certificate_number)
    if actor.party not in (offered.from_party_id, offered.to_party_id):
        raise Missing
    ended = msgspec.structs.replace(offered, ended_at=now)
    await transfers.update_transfer(tx, ended)
    async with beyond_own_rows(tx):  # the fee is the other party's, if its registrant ends it
        await fees.drop(tx, now=now, application_kind=ApplicationKind.TRANSFER, subject_id=ended.id)
        await timers.cancel_all(
            tx, now=now, subject_kind=_SUBJECT, subject_id=ended.id, note="taken back"
        )
        await file_operations.end_reading(tx, party_id=ended.to_party_id, case_id=ended.id, now=now)
    await _remember(tx, Event.TRANSFER_TAKEN_BACK, ended, actor=actor, now=now)
    return ended


async def authorise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    document: bytes,
    signature: Signature,
) -> Transfer:
    """Keep the bureau's authorisation of the new holder's certificate as it signed it (HN-16(b)).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if no transfer of it is under way.
    :raises TransferNotSigned: if the new holder has not signed.
    :raises TransferNeedsNoAuthorisation: if its rulebook asks for none.
    :raises TransferAuthorisedAlready: if it was authorised before.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises AuthorisationSignatureInvalid: if the bureau's own key did not sign it.
    :raises AuthorisationNumberUsed: if its number was given before.
    """
    actor.require("issuance:authorise")
    await casework.lock(tx, certificate_number)
    transfer = await _lock_open(tx, certificate_number)
    transferring.check_signed(transfer)
    if not transfer.needs_authorisation:
        raise transferring.TransferNeedsNoAuthorisation(number=certificate_number)
    if transfer.authorised_at is not None:
        raise transferring.TransferAuthorisedAlready(number=certificate_number)
    signed = await read_signed(
        tx,
        document,
        signature,
        kind=TransferAuthorisationDocument,
        actor=actor,
        now=now,
        is_used=transfers.is_transfer_number_used,
        transfer_id=transfer.id,
        certificate_number=transfer.certificate_number,
        agreement_sha256=transfer.agreement_sha256,
    )
    authorised = msgspec.structs.replace(
        transfer,
        bureau_party_id=actor.party,
        authority=signed.authority,
        authorisation_number=signed.authorisation_number,
        authorisation=document,
        authorisation_sha256=sha256_hex(document),
        authorisation_key_id=signature.key_id,
        authorisation_signature=signature.value,
        authorised_at=now,
    )
    await transfers.update_transfer(tx, authorised)
    await _remember(
        tx,
        Event.TRANSFER_AUTHORISED,
        authorised,
        actor=actor,
        now=now,
        digests=[Digest("transfer_authorisation", str(authorised.id), sha256_hex(document))],
    )
    return authorised


async def find_holder(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> PartyId:
    """Return who is to hold a certificate, for the door that names it; the case is the actor's then.

    Part of the command that issues.

    :raises NotPermitted: if the actor may not issue.
    :raises Missing: if no transfer of it is under way.
    :raises CaseHeldByAnother: if a colleague keeps the case.
    """
    actor.require("certificate:issue")
    await keeping.take_up(tx, actor=actor, now=now, certificate_number=certificate_number)
    return (await _lock_open(tx, certificate_number)).to_party_id


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    certificate_number: str,
    holder: NamedParty,
    holder_kind: str,
    public_url: str,
) -> Certificate:
    """Issue the new holder's certificate in the old one's place (转移登记).

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if no transfer of it is under way.
    :raises CaseHeldByAnother: if a colleague keeps the case.
    :raises TransferNotSigned: if the new holder has not signed.
    :raises IssuanceNotAuthorised: if its rulebook needs that, and the bureau has not.
    :raises FeeUnpaid: if its fee is due and the rulebook lets that stop it.
    :raises VoluntaryTransferNotAllowed: and the other refusals of ``offer`` about the certificate.
    """
    actor.require("certificate:issue")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate = await keeping.take_up(
        tx, actor=actor, now=now, certificate_number=certificate_number
    )
    transfer = await _lock_open(tx, certificate_number)
    transferring.check_signed(transfer)
    if transfer.needs_authorisation and transfer.authorised_at is None:
        raise IssuanceNotAuthorised
    book = await _check_transferable(tx, certificate, now)
    await fees.require_settled(
        tx,
        application_kind=ApplicationKind.TRANSFER,
        subject_id=transfer.id,
        stops_acceptance=book.unpaid_fee_stops_acceptance,
    )
    old = await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.TRANSFER,
        remembered=Event.CERTIFICATE_TRANSFERRED,
        reason=f"agreement {transfer.agreement_sha256}",
        rules=_rules(certificate),
        also=(Subject("transfer", str(transfer.id)),),
        facts={"ground": "agreement"},
    )
    document = _for_holder(old, transfer, holder, holder_kind, now=now)
    held = await succession.right_holders(tx, old=old, holder=holder, holder_kind=holder_kind)
    document = msgspec.structs.replace(document, right_holders=held)
    new = await succession.issue_after(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        old=old,
        registrant=transfer.to_party_id,
        written=lambda number: msgspec.structs.replace(
            document,
            registration_number=number,
            verification_url=f"{public_url}/certificates/{number}",
        ),
        rules=_rules(certificate),
        also=(Subject("transfer", str(transfer.id)),),
    )
    await transfers.update_transfer(
        tx,
        msgspec.structs.replace(
            transfer, new_certificate_number=new.number, issued_at=now, ended_at=now
        ),
    )
    with contextlib.suppress(TimerNotRunning):
        await timers.meet(tx, now=now, kind=_SUBJECT, subject_kind=_SUBJECT, subject_id=transfer.id)
    return new


def _for_holder(
    old: Certificate, transfer: Transfer, holder: NamedParty, holder_kind: str, *, now: dt.datetime
) -> CertificateDocument:
    said = certificate_format.read_document(old.document)
    owner = CertifiedOwner(
        name=holder.name, kind=holder_kind, id_masked=holder.id_masked, share="1"
    )
    return msgspec.structs.replace(
        said,
        owners=(owner,),
        certificate_version=old.version + 1,
        registration_type="transfer",
        issued_at=succession.local_instant(now),
        authorised_by=_authorised(transfer),
        supersedes=old.number,
        remarks=(*said.remarks, f"协议转让：{transfer.agreement_sha256}"),
    )


def _authorised(transfer: Transfer) -> Authorisation | None:
    if transfer.authorised_at is None:  # the rulebook asks for none
        return None
    assert transfer.authority is not None, "it was authorised"
    assert transfer.authorisation_number is not None, "it was authorised"
    assert transfer.authorisation_sha256 is not None, "it was authorised"
    return Authorisation(
        authority=transfer.authority,
        authorisation_number=transfer.authorisation_number,
        sha256=transfer.authorisation_sha256,
    )


def _rules(certificate: Certificate) -> tuple[str, ...]:
    return by_code(certificate.rulebook).cites(Step.TRANSFER)


async def _check_transferable(tx: Tx, certificate: Certificate, now: dt.datetime) -> Rulebook:
    said = certificate_format.read_document(certificate.document)
    book = await rulebooks.in_force(tx, code=said.ruleset, on=local_date(now))
    transferring.check_allowed(is_allowed=book.voluntary_transfer_allowed)
    advance(certificate.state, Happening.DEREGISTER)  # what is frozen is handed on by nobody
    standing = await casework.list_standing(tx, certificate.number, now=now)
    encumbrances.check_free(standing, certificate.open_objections)
    return book


async def _start_clock(
    tx: Tx, transfer: Transfer, certificate: Certificate, *, now: dt.datetime, calendar: Calendar
) -> None:
    """Start the registrar's days for a transfer that both have signed, where its rulebook has any."""
    period = by_code(certificate.rulebook).transfer
    if period is None:
        return
    async with beyond_own_rows(tx):  # it runs against the registrar
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=_SUBJECT,
            subject_kind=_SUBJECT,
            subject_id=transfer.id,
            against="supermarket_operator",
            rulebook=certificate.rulebook,
            period=period,
            started_on=local_date(now),
        )


async def _check_signature(
    tx: Tx, party: PartyId, document: bytes, signature: Signature, now: dt.datetime
) -> None:
    key = await keys.find_key(tx, signature.key_id)
    reason = signatures.why_not(key, Purpose.CONTRACT, party, document, signature, now=now)
    if reason is not None:
        raise TransferSignatureInvalid(reason=reason, key_id=signature.key_id)


async def _let_read(tx: Tx, offered: Transfer, now: dt.datetime) -> None:
    """Let whoever takes the certificate over read the contract that it is asked to sign."""
    assert offered.contract_file_id is not None, "it is handed in with the offer"
    async with beyond_own_rows(tx):  # who reads what follows from who is named
        await file_operations.let_read(
            tx,
            file_ids=[FileId(offered.contract_file_id)],
            party_id=offered.to_party_id,
            case_id=offered.id,
            now=now,
        )


async def _lock_open(tx: Tx, certificate_number: str) -> Transfer:
    found = await transfers.lock_open_transfer(tx, certificate_number)
    if found is None:
        raise Missing
    return found


async def _tell(
    tx: Tx, transfer: Transfer, certificate: Certificate, party: PartyId, *, now: dt.datetime
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=party,
        topic=Topic.TRANSFER_SIGNED,
        subject=Subject("transfer", str(transfer.id)),
        facts={
            "certificate_number": certificate.number,
            "product_name": certificate.product_name,
        },
    )


async def _remember(
    tx: Tx,
    event: Event,
    transfer: Transfer,
    *,
    actor: Actor,
    now: dt.datetime,
    digests: list[Digest] | None = None,
) -> None:
    certificate = await register.find(tx, transfer.certificate_number)
    assert certificate is not None, "a transfer is of a certificate"
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", transfer.certificate_number),
            Subject("transfer", str(transfer.id)),
            Subject("product", str(certificate.product_id)),
        ],
        facts={
            "from_party_id": transfer.from_party_id,
            "to_party_id": transfer.to_party_id,
            "agreement_sha256": transfer.agreement_sha256,
        },
        rules=_rules(certificate),
        digests=digests or [],
    )
