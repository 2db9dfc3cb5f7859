"""Ask an objector for what its objection lacks, and take it (审查异议材料是否齐全, NDA35-29)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.objections import after_issue, deadlines, standing, store
from catalog.objections.model import Completion, Objection
from catalog.objections.operations import casework
from catalog.objections.states import Event as Happening
from catalog.objections.states import advance


async def request(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID, missing: tuple[str, ...]
) -> Objection:
    """Ask the objector for all that its objection lacks; the days for telling the registrant wait.

    :raises NotPermitted: if the actor may not decide.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such objection.
    :raises CompletionNotProvided: if the rulebook has objections completed by nobody.
    :raises MissingMaterialUnnamed: if it is not said what is missing.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided, or is asked for already.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await casework.lock_for(tx, actor=actor, now=now, objection_id=objection_id)
    after_issue.check_completed(
        await casework.rulebook_of(tx, objection),
        is_certified=objection.certificate_number is not None,
        missing=missing,
    )
    asked = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.REQUEST_MATERIAL),
        completion=Completion(missing=missing, asked_at=now),
    )
    await store.update(tx, asked)
    await casework.cancel_clock(tx, objection, deadlines.FORWARDING, now=now)
    await casework.tell(
        tx,
        asked,
        asked.objector_party_id,
        topic=Topic.OBJECTION_INCOMPLETE,
        now=now,
        missing="、".join(missing),
    )
    await casework.remember(
        tx,
        Event.OBJECTION_MATERIAL_REQUESTED,
        asked,
        actor=actor,
        now=now,
        before=objection,
        facts={"missing": missing},
    )
    return asked


async def complete(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    evidence_file_ids: Sequence[uuid.UUID],
    confidential_file_ids: Sequence[uuid.UUID] = (),
) -> Objection:
    """Hand in what one's own objection lacked; the days for telling the registrant run from today.

    :raises NotPermitted: if the actor may not object.
    :raises Missing: if there is no such objection of the actor's party, or no such file.
    :raises ObjectionEventNotAllowed: if nothing was asked for.
    :raises ObjectionEvidenceMissing: if nothing is handed in.
    """
    actor.require("objection:file")
    objection = await casework.lock(tx, objection_id)
    if actor.party != objection.objector_party_id:
        raise Missing
    state = advance(objection.state, Happening.COMPLETE)
    if not evidence_file_ids:
        raise standing.ObjectionEvidenceMissing
    added = await casework.get_evidence(
        tx, actor, evidence_file_ids, confidential=confidential_file_ids
    )
    assert objection.completion is not None, "it was asked for"
    rulebook = await casework.rulebook_of(tx, objection)
    today = local_date(now)
    completed = msgspec.structs.replace(
        objection,
        state=state,
        evidence=(*objection.evidence, *added),
        completion=msgspec.structs.replace(objection.completion, completed_at=now),
        forward_due_on=deadlines.forward_by(today, rulebook, calendar).last_day,
    )
    await store.update(tx, completed)
    await casework.start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=completed,
        kind=deadlines.FORWARDING,
        period=rulebook.objection_forwarding,
        started_on=today,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_COMPLETED,
        completed,
        actor=actor,
        now=now,
        before=objection,
        digests=[Digest("evidence", str(each.file_id), each.sha256) for each in added],
    )
    return completed
