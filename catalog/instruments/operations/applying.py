"""Carry a verified instrument out (执行法律文书), HN-19(b), HN-20(2)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import by_instrument
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegated
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.instruments import lodging, queries, store
from catalog.instruments.model import Act, Effect, Instrument
from catalog.instruments.operations import casework
from catalog.instruments.states import Event as Happening
from catalog.instruments.states import State, advance
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


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
    instrument = await casework.lock(tx, instrument_id)
    state = advance(instrument.state, Happening.APPLY)
    await casework.take_up(tx, instrument, Duty.EXECUTION, actor=actor, now=now)
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
        kind=casework.NEW_HOLDER_ACTION,
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
    await casework.remember(
        tx, Event.INSTRUMENT_ESCALATED, escalated, actor=actor, now=now, before=instrument.state
    )
    return True


async def _lock_for_holder(
    tx: Tx, actor: Actor, instrument_id: uuid.UUID
) -> tuple[Instrument, State]:
    actor.require("instrument:take_over")
    instrument = await casework.lock(tx, instrument_id)
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
            kind=casework.NEW_HOLDER_ACTION,
            subject_kind="instrument",
            subject_id=instrument.id,
        )
    await casework.remember(
        tx, Event.INSTRUMENT_APPLIED, applied, actor=actor, now=now, before=instrument.state
    )
    await case_access.end_over(tx, now=now, case=await queries.case_of(tx, applied))
    return applied
