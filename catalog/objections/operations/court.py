"""Take an objection that could not be settled to court, and back (诉讼、仲裁, HN-20(2))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.certificates.operations import objections as certificates
from catalog.instruments.model import Effect, Instrument
from catalog.instruments.operations import applying
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.workdays import Calendar
from catalog.objections import standing, store
from catalog.objections.model import Closing, Objection, Proceedings
from catalog.objections.operations import casework
from catalog.objections.operations.closing import close
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance
from catalog.registration.operations import objections as registration


async def start_proceedings(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection_id: uuid.UUID,
    court: str,
    case_number: str,
    evidence_file_ids: Sequence[uuid.UUID],
) -> Objection:
    """Show, as the objector, that a court or an arbitrator has the case (提起诉讼或仲裁).

    The certificate is frozen; an application stays on hold until an instrument is in force.

    :raises NotPermitted: if the actor may not.
    :raises Missing: if there is no such objection of the actor's party, or no such file.
    :raises CaseNumberMissing: if court or case number is not named.
    :raises ObjectionEvidenceMissing: if there is no proof that the case was taken.
    :raises ObjectionEventNotAllowed: if the matter is not unresolved.
    """
    actor.require("objection:start_proceedings")
    objection = await casework.lock_with_target(tx, objection_id)
    if actor.party != objection.objector_party_id:
        raise Missing
    standing.check_proceedings(court, case_number, evidence_file_ids)
    evidence = await casework.get_evidence(tx, actor, evidence_file_ids)
    referred = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.START_PROCEEDINGS),
        proceedings=Proceedings(
            court=court, case_number=case_number, evidence=evidence, started_at=now
        ),
    )
    await store.update(tx, referred)
    await casework.end_proceedings_clock(tx, objection, now=now)
    if objection.certificate_number is None:
        await registration.refer_to_court(
            tx,
            actor=actor,
            now=now,
            application_id=objection.application_id,
            objection_id=objection.id,
        )
    else:
        await certificates.freeze_for_court(
            tx,
            actor=actor,
            now=now,
            certificate_number=objection.certificate_number,
            objection_id=objection.id,
        )
    await casework.remember(
        tx,
        Event.OBJECTION_REFERRED,
        referred,
        actor=actor,
        now=now,
        before=objection,
        facts={"court": court, "case_number": case_number},
        digests=[Digest("evidence", str(e.file_id), e.sha256) for e in evidence],
    )
    return referred


async def time_out_acceptance(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, objection_id: uuid.UUID
) -> bool:
    """Take the matter as unresolved, because one side did not accept in its days (异议未达成一致).

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("objection:time_out")
    objection = await store.lock_if_free(tx, objection_id)
    if objection is None or objection.state is not State.DETERMINED:
        return False
    await casework.leave_unresolved(
        tx, actor=actor, now=now, calendar=calendar, objection=objection, reason="no answer in time"
    )
    return True


async def time_out_proceedings(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID
) -> bool:
    """Close an unresolved objection whose objector went to no court in its days; it is kept as is.

    It may be filed again, with a case number.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("objection:time_out")
    objection = await casework.lock_with_target(tx, objection_id)
    if objection.state is not State.UNRESOLVED:
        return False
    closed = await close(
        tx,
        actor=actor,
        now=now,
        objection=objection,
        event=Happening.NO_PROCEEDINGS,
        closing=Closing.NOT_PURSUED,
    )
    await casework.remember(
        tx, Event.OBJECTION_CLOSED, closed, actor=actor, now=now, before=objection
    )
    return True


async def carry_out(
    tx: Tx, *, actor: Actor, now: dt.datetime, instrument_id: uuid.UUID
) -> Instrument:
    """Carry out an instrument as the operator, and close the objections that waited for it.

    :raises NotPermitted: and the other refusals of ``applying.apply``.
    """
    instrument = await applying.apply(tx, actor=actor, now=now, instrument_id=instrument_id)
    await settle(tx, actor=actor, now=now, instrument=instrument)
    return instrument


async def settle(tx: Tx, *, actor: Actor, now: dt.datetime, instrument: Instrument) -> None:
    """Close the objections before a court that an applied instrument decides.

    Part of the command that applied it; whoever acted, also a new holder, settles them.
    """
    async with beyond_own_rows(tx):
        waiting = await store.list_referred(
            tx,
            certificate_number=instrument.certificate_number,
            application_id=instrument.application_id,
        )
        if instrument.certificate_number is None:
            await _decide_application(tx, actor, now, instrument, settled=len(waiting))
        for objection_id in waiting:
            objection = await casework.lock_with_target(tx, objection_id)
            closed = await close(
                tx,
                actor=actor,
                now=now,
                objection=objection,
                event=Happening.INSTRUMENT_EFFECTIVE,
                closing=Closing.BY_INSTRUMENT,
            )
            await casework.remember(
                tx,
                Event.OBJECTION_CLOSED,
                closed,
                actor=actor,
                now=now,
                before=objection,
                facts={"instrument_id": str(instrument.id)},
            )


async def _decide_application(
    tx: Tx, actor: Actor, now: dt.datetime, instrument: Instrument, *, settled: int
) -> None:
    if instrument.effect is Effect.FOR_REGISTRANT:
        await registration.clear(
            tx,
            actor=actor,
            now=now,
            application_id=instrument.application_id,
            instrument_id=instrument.id,
            settled=settled,
        )
    else:
        await registration.bar(
            tx,
            actor=actor,
            now=now,
            application_id=instrument.application_id,
            instrument_id=instrument.id,
        )
