"""Ask for more material during the review, and hand it in (补充材料, HN-08(8))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters.model import Power
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.registration import supplements
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.store import filed
from catalog.registration.supplements import (
    MaterialNotRequested,
    MaterialRequest,
    MaterialRequestOpen,
    Supplement,
)
from catalog.rulebooks.rulebook import StopClock
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers


async def request(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    items: tuple[str, ...],
    reason: str,
) -> MaterialRequest:
    """Ask the applicant for what the review needs; the days run on, or stop by the rulebook (A44).

    :raises NotPermitted: if the actor may not start reviews.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises MaterialRequestEmpty: if nothing is asked for, or no reason is given.
    :raises MaterialRequestOpen: if what was asked for before has not come yet.
    """
    actor.require("review:start")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ACCEPTANCE
    )
    supplements.check_request(items, reason)
    moved = await casework.move(
        tx, application=application, event=Happening.REQUEST_MORE_MATERIAL, now=now
    )
    asked = MaterialRequest(
        id=new_id(),
        application_id=application.id,
        items=items,
        reason=reason,
        asked_by=actor.account_id,
        asked_at=now,
    )
    if await filed.find_open_request(tx, application.id) is not None:
        raise MaterialRequestOpen
    await filed.insert_request(tx, asked)
    if (await casework.rulebook_of(tx, application)).review_pauses_for_material:
        await timers.pause(
            tx,
            now=now,
            kind="review",
            subject_kind="application",
            subject_id=application.id,
            cause=StopClock.SUPPLEMENT,
            note="补充材料",
        )
    await casework.send_applicant(
        tx,
        moved,
        now=now,
        topic=Topic.MATERIAL_REQUESTED,
        facts={"application_number": application.application_number, "items": "、".join(items)},
    )
    await audit_log.append(
        tx,
        Event.MATERIAL_REQUESTED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"request_id": asked.id, "items": items},
        reason=reason,
        rules=casework.cites(application, Step.SUPPLEMENT),
    )
    return asked


async def answer(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    answers: Sequence[Supplement],
) -> MaterialRequest:
    """Hand in, as the applicant, all that was asked for; the agency may read it.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application or file of the actor's party.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises MaterialNotRequested: if nothing is asked for.
    :raises SupplementIncomplete: if something is missing; it names all of it.
    """
    actor.require("application:submit")
    application = await casework.lock_own(
        tx, actor=actor, now=now, application_id=application_id, power=Power.CORRECT
    )
    open_request = await filed.find_open_request(tx, application.id)
    if open_request is None:
        raise MaterialNotRequested
    supplements.check_answer(open_request, answers)
    await casework.move(tx, application=application, event=Happening.SUPPLEMENT, now=now)
    handed_in = []
    for each in answers:
        file = (
            None
            if each.file_id is None
            else await files.get_own(tx, viewer=actor, file_id=each.file_id)
        )
        sha256 = None if file is None else file.sha256
        handed_in.append(msgspec.structs.replace(each, sha256=sha256))
    answered = msgspec.structs.replace(
        open_request, answer=tuple(handed_in), answered_by=actor.account_id, answered_at=now
    )
    await filed.answer_request(tx, answered)
    if application.agency_party_id is not None:
        async with beyond_own_rows(tx):  # who reads what is the operator's to say
            await file_operations.let_read(
                tx,
                file_ids=[FileId(each.file_id) for each in handed_in if each.file_id is not None],
                party_id=application.agency_party_id,
                case_id=application.id,
                now=now,
            )
    if (await casework.rulebook_of(tx, application)).review_pauses_for_material:
        await timers.resume(
            tx,
            now=now,
            calendar=calendar,
            kind="review",
            subject_kind="application",
            subject_id=application.id,
            cause=StopClock.SUPPLEMENT,
        )
    await audit_log.append(
        tx,
        Event.MATERIAL_SUPPLEMENTED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"request_id": answered.id},
        rules=casework.cites(application, Step.SUPPLEMENT),
        digests=[
            Digest("material", str(each.file_id), each.sha256)
            for each in handed_in
            if each.sha256 is not None
        ],
    )
    return answered
