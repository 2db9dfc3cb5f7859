"""Admit an objection as the registrant (认可异议内容): the registrar changes or deregisters (NDA35-29)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.objections import after_issue, deadlines, store
from catalog.objections.model import Admission, Objection
from catalog.objections.operations import casework
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance


async def admit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    statement: str,
) -> Objection:
    """Admit what is objected, also after one's days or after an answer; the registrar acts on it.

    :raises NotPermitted: if the actor may not answer.
    :raises Missing: if there is no such objection against the actor's party, or whom it acts for.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not answer today (HN-06).
    :raises AdmissionNotProvided: if the rulebook knows no admission.
    :raises AdmissionEmpty: if it does not say what it admits.
    :raises ObjectionEventNotAllowed: if it was not forwarded, or is determined.
    """
    actor.require("objection:respond")
    objection = await casework.lock(tx, objection_id)
    if actor.party != objection.registrant_party_id:
        raise Missing
    await letters.require(
        tx, actor=actor, now=now, power=Power.RESPOND, product_id=objection.product_id
    )
    rulebook = await casework.rulebook_of(tx, objection)
    after_issue.check_admitted(
        rulebook,
        is_certified=objection.certificate_number is not None,
        statement=statement,
    )
    admitted = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.ADMIT),
        admission=Admission(statement=statement, admitted_by=actor.account_id, admitted_at=now),
    )
    await store.update(tx, admitted)
    await casework.meet_if_running(tx, objection, deadlines.RESPONSE, now=now)
    if objection.state is State.AWAITING_RESPONSE:  # else the registrar's days run already
        await casework.start_clock(
            tx,
            now=now,
            calendar=calendar,
            objection=admitted,
            kind=deadlines.DETERMINATION,
            period=rulebook.objection_determination,
            started_on=local_date(now),
        )
    await casework.tell(
        tx, admitted, admitted.objector_party_id, topic=Topic.OBJECTION_ADMITTED, now=now
    )
    await casework.remember(
        tx,
        Event.OBJECTION_ADMITTED,
        admitted,
        actor=actor,
        now=now,
        before=objection,
        reason=statement,
    )
    return admitted
