"""Ask for a renewal or a cancellation, take it back, and decide it (续期、注销的申请与办理)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.authorisation_letters.validity import AuthorisationLetterOutOfScope
from catalog.certificates import encumbrances
from catalog.certificates import format as certificate_format
from catalog.certificates.format import CertificateDocument
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as certificates
from catalog.certificates.operations import keeping, succession
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import State as CertificateState
from catalog.certificates.states import advance as happens
from catalog.delegations import operations as delegations
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.rulebook import Rulebook
from catalog.signing.signer import Signer
from catalog.terms import ending, store
from catalog.terms.model import Kind, Request, RequestId
from catalog.terms.states import Event as Decision
from catalog.terms.states import State, advance
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


async def file(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    certificate_number: str,
    kind: Kind,
    reason: str,
) -> Request:
    """Ask, as the registrant, that a registration is renewed or cancelled.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if no certificate of the actor's party has this number.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    :raises CertificateEventNotAllowed: if it does not count any more, or is frozen.
    :raises RenewalNotOpen: and the other refusals of ``ending.check_request``.
    :raises RequestOpenAlready: if one of the kind waits for its decision.
    :raises CertificateEncumbered: if it is to be cancelled and somebody has a right in it.
    """
    actor.require("application:submit")
    certificate = await certificates.lock(tx, certificate_number)
    if certificate.registrant_party_id != actor.party:
        raise Missing
    if kind is Kind.CANCELLATION and actor.acting_for is not None:
        raise AuthorisationLetterOutOfScope(power="deregister")  # no letter ends a registration
    await letters.require(
        tx, actor=actor, now=now, power=Power.SUBMIT, product_id=certificate.product_id
    )
    happens(certificate.state, _HAPPENING[kind])
    book = await _rulebook_of(tx, certificate, local_date(now))
    ending.check_request(kind, certificate.valid_through, book, local_date(now), reason)
    if await store.find_open(tx, certificate_number, kind) is not None:
        raise ending.RequestOpenAlready(number=certificate_number, kind=kind.value)
    if kind is Kind.CANCELLATION:
        standing = await certificates.list_standing(tx, certificate_number, now=now)
        encumbrances.check_free(standing, certificate.open_objections)
    request = await begin(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        certificate=certificate,
        kind=kind,
        reason=reason,
        book=book,
    )
    await fees.freeze(
        tx,
        now=now,
        application_kind=_FEE[kind],
        subject_id=request.id,
        party_id=request.registrant_party_id,
    )
    return request


async def begin(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    certificate: Certificate,
    kind: Kind,
    reason: str,
    book: Rulebook,
    by_law: bool = False,
) -> Request:
    """Keep a request about a certificate that is held locked; the registrar's days run from today."""
    request = Request(
        id=RequestId(new_id()),
        certificate_number=certificate.number,
        registrant_party_id=certificate.registrant_party_id,
        kind=kind,
        state=State.FILED,
        reason=reason,
        by_law=by_law,
        rulebook=book.code,
        filed_on=local_date(now),
        filed_by=actor.account_id,
        filed_at=now,
    )
    await store.insert(tx, request)
    async with beyond_own_rows(tx):  # it runs against the registrar
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=kind.value,
            subject_kind="certificate_request",
            subject_id=request.id,
            against="supermarket_operator",
            rulebook=book.code,
            period=_period(book, kind),
            started_on=local_date(now),
        )
    await _remember(tx, Event.CERTIFICATE_REQUESTED, request, actor=actor, now=now)
    return request


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID) -> Request:
    """Take one's own request back.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such request of the actor's party.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    :raises RequestEventNotAllowed: if it is decided, or taken back.
    """
    actor.require("application:withdraw")
    found = await store.find(tx, request_id)
    if found is None or found.registrant_party_id != actor.party or found.by_law:
        raise Missing
    certificate = await certificates.lock(tx, found.certificate_number)  # it is locked first
    await letters.require(
        tx, actor=actor, now=now, power=Power.WITHDRAW, product_id=certificate.product_id
    )
    request = await store.lock(tx, request_id)
    assert request is not None, "a request never vanishes"
    withdrawn = msgspec.structs.replace(
        request, state=advance(request.state, Decision.WITHDRAW), decided_at=now
    )
    await store.update(tx, withdrawn)
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind="certificate_request", subject_id=request.id, note="withdrawn"
        )
    await fees.drop(tx, now=now, application_kind=_FEE[request.kind], subject_id=request.id)
    await _remember(tx, Event.CERTIFICATE_REQUEST_WITHDRAWN, withdrawn, actor=actor, now=now)
    return withdrawn


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    request_id: uuid.UUID,
    grants: bool,
    reason: str,
    public_url: str,
) -> Request:
    """Renew or cancel what was asked for, or refuse it (续期、注销的办理).

    A renewal is a new certificate in the old one's place, whose term begins on the day after the old
    one's; that it was asked for in its days counts, not when it is decided.

    :raises NotPermitted: if the actor may not issue.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such request.
    :raises CaseHeldByAnother: if a colleague keeps the case.
    :raises RequestEventNotAllowed: if it is decided, or taken back.
    :raises FeeUnpaid: if it is granted, its fee is due and the rulebook lets that stop it.
    :raises RequestReasonMissing: if it is refused without a reason.
    :raises LapsedIsCancelled: if a cancellation that the law wants is refused.
    :raises CertificateEventNotAllowed: if the certificate does not count any more.
    :raises CertificateEncumbered: if it is to be cancelled and somebody has a right in it.
    :raises NationalCodeExhausted: if the month's codes are used up.
    """
    actor.require("certificate:issue")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    async with beyond_own_rows(tx):  # whose case it is, the taking up asks
        found = await store.find(tx, request_id)
    if found is None:
        raise Missing
    certificate = await keeping.take_up(  # it is locked first
        tx, actor=actor, now=now, certificate_number=found.certificate_number
    )
    request = await store.lock(tx, request_id)
    assert request is not None, "a request never vanishes"
    state = advance(request.state, Decision.GRANT if grants else Decision.REFUSE)
    new = None
    if grants:
        new = await _carry_out(
            tx,
            certificate,
            request,
            actor=actor,
            now=now,
            signer=signer,
            public_url=public_url,
        )
    else:
        ending.check_refusal(request, reason)
        await fees.drop(tx, now=now, application_kind=_FEE[request.kind], subject_id=request.id)
    decided = msgspec.structs.replace(
        request,
        state=state,
        decided_by=actor.account_id,
        decided_at=now,
        decision_reason=reason or None,
        new_certificate_number=None if new is None else new.number,
    )
    await store.update(tx, decided)
    await _end_clock_and_tell(tx, decided, now=now)
    event = Event.CERTIFICATE_REQUEST_GRANTED if grants else Event.CERTIFICATE_REQUEST_REFUSED
    await _remember(tx, event, decided, actor=actor, now=now)
    return decided


async def _carry_out(
    tx: Tx,
    certificate: Certificate,
    request: Request,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    public_url: str,
) -> Certificate | None:
    """Do what was asked for, once its fee is settled; return the renewed certificate, if that was it.

    :raises FeeUnpaid: if its fee is due and the rulebook lets that stop it.
    """
    book = await _rulebook_of(tx, certificate, request.filed_on)
    await fees.require_settled(
        tx,
        application_kind=_FEE[request.kind],
        subject_id=request.id,
        stops_acceptance=book.unpaid_fee_stops_acceptance,
    )
    if request.kind is Kind.RENEWAL:
        return await _renew(
            tx,
            certificate,
            request,
            actor=actor,
            now=now,
            signer=signer,
            public_url=public_url,
        )
    await _cancel(tx, actor, now, certificate, request)
    return None


async def _end_clock_and_tell(tx: Tx, decided: Request, *, now: dt.datetime) -> None:
    with contextlib.suppress(TimerNotRunning):
        await timers.meet(
            tx,
            now=now,
            kind=decided.kind.value,
            subject_kind="certificate_request",
            subject_id=decided.id,
        )
    await notifications.send(
        tx,
        now=now,
        to=decided.registrant_party_id,
        topic=Topic.CERTIFICATE_REQUEST_DECIDED,
        subject=Subject("certificate", decided.certificate_number),
        facts={
            "certificate_number": decided.certificate_number,
            "kind": decided.kind.value,
            "result": decided.state.value,
            "reason": decided.decision_reason or "—",
        },
    )


async def _renew(
    tx: Tx,
    old: Certificate,
    request: Request,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    public_url: str,
) -> Certificate:
    book = await _rulebook_of(tx, old, request.filed_on)
    through = ending.renewed_through(old.valid_through, book, request.filed_on)
    rules = (_period(book, Kind.RENEWAL).source,)
    await certificates.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=old.number,
        event=Happening.RENEW,
        remembered=Event.CERTIFICATE_SUPERSEDED,
        reason="renewed",
        rules=rules,
        also=(Subject("certificate_request", str(request.id)),),
    )
    said = certificate_format.read_document(old.document)

    def written(registration_number: str) -> CertificateDocument:
        return msgspec.structs.replace(
            said,
            registration_number=registration_number,
            certificate_version=old.version + 1,
            registration_type="renewal",
            issued_at=succession.local_instant(now),
            supersedes=old.number,
            valid_through=through.isoformat(),
            verification_url=f"{public_url}/certificates/{registration_number}",
        )

    return await succession.issue_after(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        old=old,
        registrant=old.registrant_party_id,
        written=written,
        rules=rules,
        also=(Subject("certificate_request", str(request.id)),),
        valid_through=through,
    )


async def _cancel(
    tx: Tx, actor: Actor, now: dt.datetime, certificate: Certificate, request: Request
) -> None:
    has_lapsed = certificate.state is CertificateState.LAPSED
    if not has_lapsed:
        standing = await certificates.list_standing(tx, certificate.number, now=now)
        encumbrances.check_free(standing, certificate.open_objections)
    book = await _rulebook_of(tx, certificate, request.filed_on)
    await certificates.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate.number,
        event=Happening.CANCEL_LAPSED if has_lapsed else Happening.DEREGISTER,
        remembered=Event.CERTIFICATE_DEREGISTERED,
        reason=request.reason,
        rules=(_period(book, Kind.CANCELLATION).source,),
        also=(Subject("certificate_request", str(request.id)),),
        facts={"ground": "not_renewed" if has_lapsed else "voluntary"},
    )


def _period(book: Rulebook, kind: Kind) -> Period:
    if kind is Kind.CANCELLATION:
        assert book.cancellation is not None, "it was asked for by a rulebook that has it"
        return book.cancellation
    assert book.renewal is not None, "it was asked for by a rulebook that has it"
    return book.renewal.decided_within


async def _rulebook_of(tx: Tx, certificate: Certificate, on: dt.date) -> Rulebook:
    return await rulebooks.in_force(tx, code=certificate.rulebook, on=on)


_HAPPENING = {Kind.RENEWAL: Happening.RENEW, Kind.CANCELLATION: Happening.DEREGISTER}
# What the law cancels by itself was asked for by nobody, and has no fee.
_FEE = {
    Kind.RENEWAL: ApplicationKind.RENEWAL,
    Kind.CANCELLATION: ApplicationKind.DEREGISTRATION,
}


async def _remember(
    tx: Tx, event: Event, request: Request, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate_request", str(request.id)),
            Subject("certificate", request.certificate_number),
        ],
        facts={"kind": request.kind, "by_law": request.by_law, "rulebook": request.rulebook},
        after={"state": request.state},
        reason=request.decision_reason or request.reason or None,
    )
