"""Lodge a legal instrument, and read one (提交、查阅法律文书), RULES §5.4."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.certificates import format as certificate_format
from catalog.certificates import queries as certificate_queries
from catalog.certificates import reissuing
from catalog.certificates.basis import InstrumentKind
from catalog.certificates.model import Certificate
from catalog.certificates.reissuing import Corrected
from catalog.files import queries as files
from catalog.instruments import lodging, queries, store
from catalog.instruments.model import Effect, Instrument, InstrumentId
from catalog.instruments.operations import casework
from catalog.instruments.states import State
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.registration import queries as applications
from catalog.registration.model import Application


class InstrumentLodgedAlready(Conflict):
    """The instrument was lodged for this product before."""

    code = "instrument_lodged_already"


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
    await casework.remember(
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
