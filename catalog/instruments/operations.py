"""Lodge, verify and carry out a legal instrument (法律文书), RULES §5.4, HN-19(b), HN-20(2)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.case_access.model import Duty
from catalog.certificates import basis, reissuing
from catalog.certificates import format as certificate_format
from catalog.certificates import queries as certificate_queries
from catalog.certificates.basis import InstrumentKind
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import by_instrument
from catalog.certificates.reissuing import Corrected
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegated
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.files import queries as files
from catalog.instruments import lodging, queries, store
from catalog.instruments.model import Act, Effect, Instrument, InstrumentId
from catalog.instruments.states import Event as Happening
from catalog.instruments.states import State, advance
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration import queries as applications
from catalog.registration.model import Application
from catalog.rulebooks import queries as rulebooks
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning

NEW_HOLDER_ACTION: Final = "new_holder_action"
NEW_HOLDER: Final = "new_holder"


class InstrumentLodgedAlready(Conflict):
    """The instrument was lodged for this product before."""

    code = "instrument_lodged_already"


class RejectionReasonMissing(Invalid):
    """Whoever rejects an instrument says why."""

    code = "instrument_rejection_reason_missing"


async def lodge(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str | None,
    application_id: uuid.UUID | None,
    kind: InstrumentKind,
    issuing_body: str,
    document_number: str,
    issued_on: dt.date,
    effective_on: dt.date | None,
    effect: Effect,
    new_holder_party_id: PartyId | None,
    file_id: uuid.UUID,
    corrected: Corrected | None = None,
) -> Instrument:
    """Lodge a judgment, a ruling or an award with its file (提交法律文书).

    Anybody who has one may: new holder, registrant, objector, operator.

    :raises NotPermitted: if the actor may not lodge.
    :raises InstrumentTargetUnclear: if it is not about exactly one certificate or application.
    :raises Missing: if there is no such certificate or application, or no such file of the actor's.
    :raises NewHolderContradictory: if the new holder does not fit the effect.
    :raises InstrumentCorrectionContradictory: if the correction does not fit the effect.
    :raises CorrectionEmpty: and the other refusals of ``reissuing.check``.
    :raises InstrumentFromTheFuture: if its days contradict each other.
    :raises InstrumentLodgedAlready: if it was lodged for this product before.
    """
    actor.require("instrument:lodge")
    lodging.check_target(certificate_number, application_id)
    lodging.check_correction(
        effect,
        is_corrected=corrected is not None,
        is_certified=certificate_number is not None,
    )
    application, certificate = await _find_target(tx, certificate_number, application_id)
    registrant = (
        application.applicant_party_id if certificate is None else certificate.registrant_party_id
    )
    if certificate is not None and corrected is not None:
        reissuing.check(certificate_format.read_document(certificate.document), corrected)
    lodging.check_content(
        effect=effect,
        new_holder=new_holder_party_id,
        registrant=registrant,
        issued_on=issued_on,
        effective_on=effective_on,
        today=local_date(now),
    )
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    instrument = Instrument(
        id=InstrumentId(new_id()),
        kind=kind,
        issuing_body=issuing_body,
        document_number=document_number,
        issued_on=issued_on,
        effective_on=effective_on,
        file_id=file.id,
        file_sha256=file.sha256,
        effect=effect,
        new_holder_party_id=new_holder_party_id,
        certificate_number=certificate_number,
        application_id=application.id,
        product_id=application.product_id,
        registrant_party_id=registrant,
        rulebook=application.rulebook,
        state=State.LODGED,
        lodged_by_party_id=actor.party,
        lodged_by=actor.account_id,
        lodged_at=now,
        corrected=corrected,
    )
    if not await store.insert(tx, instrument):
        raise InstrumentLodgedAlready(document_number=document_number)
    await _remember(
        tx,
        Event.INSTRUMENT_LODGED,
        instrument,
        actor=actor,
        now=now,
        digests=[Digest("instrument", str(instrument.id), instrument.file_sha256)],
    )
    return instrument


async def _find_target(
    tx: Tx, certificate_number: str | None, application_id: uuid.UUID | None
) -> tuple[Application, Certificate | None]:
    """Return the application that an instrument is about, and the certificate if it names one.

    :raises Missing: if there is no such certificate or application.
    """
    certificate = None
    # Who objects, or won, has no part in the case; it is the instrument that concerns it.
    async with beyond_own_rows(tx):
        if certificate_number is not None:
            certificate = await certificate_queries.find(tx, certificate_number)
            if certificate is None:
                raise Missing
            application_id = certificate.application_id
        assert application_id is not None, "a target is named"
        application = await applications.find(tx, application_id=application_id)
    if application is None:
        raise Missing
    return application, certificate


async def open_file(
    tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID
) -> Instrument:
    """Return one instrument; that it was read is remembered when it is not one's own (HN-28).

    :raises NotPermitted: if the actor reads none.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, instrument_id=instrument_id)
    case = await queries.case_of(tx, found)
    await case_access.remember_reading(
        tx,
        actor=actor,
        now=now,
        case=case,
        seen=await case_access_queries.sight(tx, viewer=actor, case=case),
        part="instrument",
    )
    return found


async def check(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    instrument_id: uuid.UUID,
    effective_on: dt.date,
) -> Instrument:
    """Look at an instrument as the first of two people (初核), and say from when it is in force.

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such instrument.
    :raises LegalInstrumentNotEffective: if it is not in force today.
    :raises InstrumentFromTheFuture: if it is in force before it was issued.
    :raises InstrumentEventNotAllowed: if it was verified or rejected before.
    """
    actor.require("instrument:verify")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    instrument = await _lock(tx, instrument_id)
    state = advance(instrument.state, Happening.CHECK)
    await _act(tx, actor, now, instrument, Duty.CHECK)
    lodging.check_content(
        effect=instrument.effect,
        new_holder=instrument.new_holder_party_id,
        registrant=instrument.registrant_party_id,
        issued_on=instrument.issued_on,
        effective_on=effective_on,
        today=local_date(now),
    )
    basis.check_effective(effective_on, local_date(now))
    checked = msgspec.structs.replace(
        instrument, state=state, checked_by=actor.account_id, effective_on=effective_on
    )
    await store.update(tx, checked)
    await _remember(
        tx, Event.INSTRUMENT_CHECKED, checked, actor=actor, now=now, before=instrument.state
    )
    return checked


async def verify(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, instrument_id: uuid.UUID
) -> Instrument:
    """Confirm an instrument as the second person (复核): from now on it may be carried out.

    Where it names a new holder, the certificate is frozen and the holder's sixty days run.

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such instrument.
    :raises NotChecked: if nobody looked at it before.
    :raises SecondPersonRequired: if the actor checked or lodged it.
    :raises LegalInstrumentNotEffective: if it is not in force today.
    :raises InstrumentEventNotAllowed: if it was verified or rejected before.
    """
    actor.require("instrument:verify")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    instrument = await _lock(tx, instrument_id)
    state = advance(instrument.state, Happening.VERIFY)
    lodging.check_second_person(instrument, actor.account_id)
    await _act(tx, actor, now, instrument, Duty.VERIFICATION)
    basis.check_effective(instrument.effective_on, local_date(now))
    verified = msgspec.structs.replace(
        instrument, state=state, verified_by=actor.account_id, verified_at=now
    )
    await store.update(tx, verified)
    if verified.effect is Effect.NEW_HOLDER and verified.certificate_number is not None:
        await by_instrument.freeze(
            tx,
            actor=actor,
            now=now,
            certificate_number=verified.certificate_number,
            instrument=verified.reference,
        )
        rulebook = await rulebooks.of_case(
            tx, code=verified.rulebook, filed_on=local_date(verified.lodged_at)
        )
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=NEW_HOLDER_ACTION,
            subject_kind="instrument",
            subject_id=verified.id,
            against=NEW_HOLDER,
            rulebook=verified.rulebook,
            period=rulebook.new_holder_action,
            started_on=local_date(now),
            party_id=verified.new_holder_party_id,
        )
        assert verified.new_holder_party_id is not None, "the effect names one"
        await notifications.send(
            tx,
            now=now,
            to=verified.new_holder_party_id,
            topic=Topic.NEW_HOLDER_INVITED,
            subject=Subject("instrument", str(verified.id)),
            facts={
                "certificate_number": verified.certificate_number,
                "document_number": verified.document_number,
            },
        )
    await _remember(
        tx, Event.INSTRUMENT_VERIFIED, verified, actor=actor, now=now, before=instrument.state
    )
    return verified


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID, reason: str
) -> Instrument:
    """Reject an instrument that is not in force or not about this product (不予采信).

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such instrument.
    :raises RejectionReasonMissing: if no reason is given.
    :raises InstrumentEventNotAllowed: if it was verified or rejected before.
    """
    actor.require("instrument:verify")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    instrument = await _lock(tx, instrument_id)
    if not reason.strip():
        raise RejectionReasonMissing
    is_checked = instrument.checked_by not in (None, actor.account_id)
    await _act(tx, actor, now, instrument, Duty.VERIFICATION if is_checked else Duty.CHECK)
    rejected = msgspec.structs.replace(
        instrument, state=advance(instrument.state, Happening.REJECT), rejection_reason=reason
    )
    await store.update(tx, rejected)
    await _remember(
        tx,
        Event.INSTRUMENT_REJECTED,
        rejected,
        actor=actor,
        now=now,
        before=instrument.state,
        reason=reason,
    )
    await case_access.end_over(tx, now=now, case=await queries.case_of(tx, rejected))
    return rejected


async def apply(tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID) -> Instrument:
    """Carry out an instrument that names no new holder: deregister, revoke, correct, or leave it.

    What it does to an application and to the objections that led to it is done by the room above.

    :raises NotPermitted: if the actor may not carry instruments out.
    :raises Missing: if there is no such instrument.
    :raises NotForTheOperator: if it names a new holder of a certificate.
    :raises InstrumentEventNotAllowed: if it is not verified, or was carried out.
    :raises CertificateEventNotAllowed: if the certificate does not count any more.
    """
    actor.require("instrument:apply")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    instrument = await _lock(tx, instrument_id)
    state = advance(instrument.state, Happening.APPLY)
    await _act(tx, actor, now, instrument, Duty.EXECUTION)
    lodging.check_for_operator(instrument)
    number = instrument.certificate_number
    if number is not None and instrument.corrected is not None:
        await by_instrument.order_reissue(
            tx,
            actor=actor,
            now=now,
            certificate_number=number,
            instrument=instrument.reference,
            corrected=instrument.corrected,
        )
    elif number is not None:
        carry_out = {
            Effect.NO_HOLDER: by_instrument.deregister_without_holder,
            Effect.AGAINST_REGISTRANT: by_instrument.revoke,
            Effect.FOR_REGISTRANT: by_instrument.unfreeze,
        }[instrument.effect]
        await carry_out(
            tx,
            actor=actor,
            now=now,
            certificate_number=number,
            instrument=instrument.reference,
        )
    return await _applied(tx, instrument, state, instrument.effect.value, actor=actor, now=now)


async def deregister_as_holder(
    tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID
) -> Instrument:
    """Deregister, as the holder whom an instrument names, what it gave one (HN-19(b)).

    :raises NotPermitted: if the actor may not act on instruments.
    :raises Missing: if there is no such instrument.
    :raises NotTheNamedHolder: if it names somebody else.
    :raises InstrumentEventNotAllowed: if it is not verified, or was carried out.
    :raises CertificateEncumbered: if somebody else has a right in it.
    """
    instrument, state = await _lock_for_holder(tx, actor, instrument_id)
    assert instrument.certificate_number is not None, "a holder takes over a certificate"
    await by_instrument.deregister_by_new_holder(
        tx,
        actor=actor,
        now=now,
        certificate_number=instrument.certificate_number,
        instrument=instrument.reference,
    )
    await _charge(tx, instrument, ApplicationKind.DEREGISTRATION, actor=actor, now=now)
    return await _applied(tx, instrument, state, Act.DEREGISTER.value, actor=actor, now=now)


async def take_over(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    instrument_id: uuid.UUID,
    signer: Signer,
    holder: NamedParty,
    holder_kind: str,
    public_url: str,
) -> tuple[Instrument, Certificate]:
    """Transfer, as the holder whom an instrument names, the certificate to oneself (转移登记).

    :raises NotPermitted: if the actor may not act on instruments.
    :raises Missing: if there is no such instrument.
    :raises NotTheNamedHolder: if it names somebody else.
    :raises InstrumentEventNotAllowed: if it is not verified, or was carried out.
    """
    instrument, state = await _lock_for_holder(tx, actor, instrument_id)
    assert instrument.certificate_number is not None, "a holder takes over a certificate"
    certificate = await by_instrument.transfer(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        certificate_number=instrument.certificate_number,
        instrument=instrument.reference,
        holder_party_id=actor.party,
        holder=holder,
        holder_kind=holder_kind,
        public_url=public_url,
    )
    await _charge(tx, instrument, ApplicationKind.TRANSFER, actor=actor, now=now)
    applied = await _applied(tx, instrument, state, Act.TRANSFER.value, actor=actor, now=now)
    return applied, certificate


async def escalate(tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID) -> bool:
    """Tell the bureau that the named holder let its days pass; the certificate stays frozen.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("instrument:escalate")
    instrument = await store.lock(tx, instrument_id)
    if instrument is None or instrument.state is not State.EFFECTIVE:
        return False
    escalated = msgspec.structs.replace(
        instrument, state=advance(instrument.state, Happening.ESCALATE)
    )
    await store.update(tx, escalated)
    await timers.cancel(
        tx,
        now=now,
        kind=NEW_HOLDER_ACTION,
        subject_kind="instrument",
        subject_id=instrument.id,
        note="reported to the bureau",
    )
    for authority in await delegated.list_authorities(tx, on=local_date(now)):
        await notifications.send(
            tx,
            now=now,
            to=authority,
            topic=Topic.NEW_HOLDER_INACTIVE,
            subject=Subject("instrument", str(instrument.id)),
            facts={
                "certificate_number": instrument.certificate_number,
                "document_number": instrument.document_number,
            },
        )
    await _remember(
        tx, Event.INSTRUMENT_ESCALATED, escalated, actor=actor, now=now, before=instrument.state
    )
    return True


async def _lock_for_holder(
    tx: Tx, actor: Actor, instrument_id: uuid.UUID
) -> tuple[Instrument, State]:
    actor.require("instrument:take_over")
    instrument = await _lock(tx, instrument_id)
    lodging.check_holder(instrument, actor.party)
    state = advance(instrument.state, Happening.APPLY)
    lodging.check_takeable(instrument)
    return instrument, state


async def _charge(
    tx: Tx, instrument: Instrument, kind: ApplicationKind, *, actor: Actor, now: dt.datetime
) -> None:
    """Charge the named holder for what it had done; no judgment waits for money."""
    await fees.freeze(
        tx, now=now, application_kind=kind, subject_id=instrument.id, party_id=actor.party
    )


async def _applied(
    tx: Tx, instrument: Instrument, state: State, applied_as: str, *, actor: Actor, now: dt.datetime
) -> Instrument:
    applied = msgspec.structs.replace(
        instrument, state=state, applied_at=now, applied_as=applied_as
    )
    await store.update(tx, applied)
    with contextlib.suppress(TimerNotRunning):  # nobody's days ran, or they were over
        await timers.meet(
            tx,
            now=now,
            kind=NEW_HOLDER_ACTION,
            subject_kind="instrument",
            subject_id=instrument.id,
        )
    await _remember(
        tx, Event.INSTRUMENT_APPLIED, applied, actor=actor, now=now, before=instrument.state
    )
    await case_access.end_over(tx, now=now, case=await queries.case_of(tx, applied))
    return applied


async def _lock(tx: Tx, instrument_id: uuid.UUID) -> Instrument:
    instrument = await store.lock(tx, instrument_id)
    if instrument is None:
        raise Missing
    return instrument


async def _act(tx: Tx, actor: Actor, now: dt.datetime, instrument: Instrument, duty: Duty) -> None:
    case = await queries.case_of(tx, instrument)
    await case_access.act(tx, actor=actor, now=now, case=case, duty=duty)


async def _remember(
    tx: Tx,
    event: Event,
    instrument: Instrument,
    *,
    actor: Actor,
    now: dt.datetime,
    before: State | None = None,
    reason: str | None = None,
    digests: list[Digest] | None = None,
) -> None:
    subjects = [
        Subject("instrument", str(instrument.id)),
        Subject("application", str(instrument.application_id)),
        Subject("product", str(instrument.product_id)),
    ]
    if instrument.certificate_number is not None:
        subjects.append(Subject("certificate", instrument.certificate_number))
    facts: dict[str, Any] = {
        "kind": instrument.kind.value,
        "issuing_body": instrument.issuing_body,
        "document_number": instrument.document_number,
        "effect": instrument.effect.value,
        "new_holder_party_id": instrument.new_holder_party_id,
        "effective_on": instrument.effective_on,
        "applied_as": instrument.applied_as,
    }
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts=facts,
        before=None if before is None else {"state": before.value},
        after={"state": instrument.state.value},
        reason=reason,
        rules=("HN-19", "HN-20"),
        digests=digests or [],
    )
