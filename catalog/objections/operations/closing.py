"""Close an objection: do what follows from its end, and keep it as it ended (HN-20(1))."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.case_access import operations as case_access
from catalog.certificates.operations import objections as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.notifications.topics import Topic
from catalog.objections import outcome, queries, store
from catalog.objections.model import Closing, Objection
from catalog.objections.operations import casework
from catalog.objections.outcome import Outcome
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance
from catalog.registration.operations import objections as registration
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as timers


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID, reason: str
) -> Objection:
    """Take one's own objection back; what it held up goes on.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such objection of the actor's party.
    :raises ObjectionEventNotAllowed: if it is over.
    """
    actor.require("objection:withdraw")
    objection = await casework.lock_with_target(tx, objection_id)
    if actor.party != objection.objector_party_id:
        raise Missing
    withdrawn = await close(
        tx,
        actor=actor,
        now=now,
        objection=objection,
        event=Happening.WITHDRAW,
        closing=Closing.WITHDRAWN,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_WITHDRAWN,
        withdrawn,
        actor=actor,
        now=now,
        before=objection,
        reason=reason,
    )
    return withdrawn


async def close(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection: Objection,
    event: Happening,
    closing: Closing,
) -> Objection:
    """Close an objection that is held locked with what it is against; its archive is final.

    :raises ObjectionEventNotAllowed: if it can not end like that in its state.
    """
    closed = msgspec.structs.replace(
        objection, state=advance(objection.state, event), closing=closing, closed_at=now
    )
    await store.update(tx, closed)
    await timers.cancel_all(
        tx, now=now, subject_kind="objection", subject_id=objection.id, note=closing.value
    )
    await _carry_out(tx, actor, now, closed)
    if objection.state is State.REFERRED_TO_COURT:
        await _release_from_court(tx, actor, now, closed)
    await casework.tell(
        tx,
        closed,
        closed.objector_party_id,
        *_told_besides(closed),
        topic=Topic.OBJECTION_CLOSED,
        now=now,
        closing=closing.value,
    )
    document = canonical(closed)
    await store.insert_archive(
        tx,
        objection_id=closed.id,
        document=document,
        sha256=sha256_hex(document),
        archived_at=now,
    )
    await case_access.end_over(tx, now=now, case=await queries.case_of(tx, closed))
    return closed


def _told_besides(closed: Objection) -> list[PartyId]:
    """Return the registrant, if it heard of the objection or the re-check decided against it."""
    knows = closed.forwarded_at is not None or closed.closing is Closing.RECHECKED
    return [closed.registrant_party_id] if knows else []


async def _release_from_court(tx: Tx, actor: Actor, now: dt.datetime, objection: Objection) -> None:
    """Let a certificate count again whose last dispute the objector took from the court."""
    number = objection.certificate_number
    if objection.closing is not Closing.WITHDRAWN or number is None:
        return
    if await store.list_referred(
        tx, certificate_number=number, application_id=objection.application_id
    ):
        return
    await certificates.release_from_court(
        tx, actor=actor, now=now, certificate_number=number, objection_id=objection.id
    )


async def _carry_out(tx: Tx, actor: Actor, now: dt.datetime, objection: Objection) -> None:
    """Do what follows from the closing: release what was held up, refuse, revoke (HN-20(1))."""
    decided = None
    if objection.closing is Closing.CARRIED_OUT:
        outcome.check_carried_out(objection.answers)
        assert objection.determination is not None, "only a determination can be accepted"
        decided = objection.determination.outcome
    elif objection.closing in (Closing.RECHECKED, Closing.ADMITTED):
        assert objection.determination is not None, "it ends with a determination"
        decided = objection.determination.outcome
    if objection.certificate_number is None:
        if decided is Outcome.UPHOLD:
            await registration.refuse(
                tx,
                actor=actor,
                now=now,
                application_id=objection.application_id,
                objection_id=objection.id,
            )
        elif decided is Outcome.RETURN_TO_DRAFT:
            assert objection.determination is not None, "only a determination can be accepted"
            await registration.return_to_draft(
                tx,
                actor=actor,
                now=now,
                application_id=objection.application_id,
                objection_id=objection.id,
                must_change=objection.determination.must_change,
            )
        else:
            await registration.release(tx, now=now, application_id=objection.application_id)
        return
    number = objection.certificate_number
    await certificates.disencumber(tx, certificate_number=number)
    if decided is Outcome.REVOKE:
        await certificates.carry_out_revocation(
            tx, actor=actor, now=now, certificate_number=number, objection_id=objection.id
        )
    elif decided is Outcome.DEREGISTER:
        await certificates.carry_out_deregistration(
            tx, actor=actor, now=now, certificate_number=number, objection_id=objection.id
        )
    elif decided is Outcome.REISSUE:
        corrected = None if objection.determination is None else objection.determination.corrected
        assert corrected is not None, "a reissue says how it is corrected"
        await certificates.carry_out_reissue(
            tx,
            actor=actor,
            now=now,
            certificate_number=number,
            objection_id=objection.id,
            corrected=corrected,
        )
