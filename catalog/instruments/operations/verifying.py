"""Check, verify or reject a legal instrument: two people (核对、核实、不采用)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.certificates import basis
from catalog.certificates.operations import by_instrument
from catalog.delegations import operations as delegations
from catalog.instruments import lodging, queries, store
from catalog.instruments.model import Effect, Instrument
from catalog.instruments.operations import casework
from catalog.instruments.states import Event as Happening
from catalog.instruments.states import advance
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.timers import operations as timers


class RejectionReasonMissing(Invalid):
    """Whoever rejects an instrument says why."""

    code = "instrument_rejection_reason_missing"


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
    instrument = await casework.lock(tx, instrument_id)
    state = advance(instrument.state, Happening.CHECK)
    await casework.take_up(tx, instrument, Duty.CHECK, actor=actor, now=now)
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
    await casework.remember(
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
    instrument = await casework.lock(tx, instrument_id)
    state = advance(instrument.state, Happening.VERIFY)
    lodging.check_second_person(instrument, actor.account_id)
    await casework.take_up(tx, instrument, Duty.VERIFICATION, actor=actor, now=now)
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
            kind=casework.NEW_HOLDER_ACTION,
            subject_kind="instrument",
            subject_id=verified.id,
            against=casework.NEW_HOLDER,
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
    await casework.remember(
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
    instrument = await casework.lock(tx, instrument_id)
    if not reason.strip():
        raise RejectionReasonMissing
    is_checked = instrument.checked_by not in (None, actor.account_id)
    duty = Duty.VERIFICATION if is_checked else Duty.CHECK
    await casework.take_up(tx, instrument, duty, actor=actor, now=now)
    rejected = msgspec.structs.replace(
        instrument, state=advance(instrument.state, Happening.REJECT), rejection_reason=reason
    )
    await store.update(tx, rejected)
    await casework.remember(
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
