"""Answer an objection as the registrant (反馈说明), or let the days of the answer pass (HN-20(c))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, standing, store
from catalog.objections.model import Objection, Response
from catalog.objections.operations import casework
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance


async def respond(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    statement: str,
    evidence_file_ids: Sequence[uuid.UUID],
) -> Objection:
    """Answer as the registrant (反馈说明). What comes late is kept all the same, and marked.

    :raises NotPermitted: if the actor may not answer.
    :raises Missing: if there is no such objection against the actor's party, or whom it acts for.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not answer today (HN-06).
    :raises ResponseEmpty: if statement or evidence is missing.
    :raises ObjectionEventNotAllowed: if it was not forwarded, answered before, or decided.
    """
    actor.require("objection:respond")
    objection = await casework.lock(tx, objection_id)
    if actor.party != objection.registrant_party_id:
        raise Missing
    await letters.require(
        tx, actor=actor, now=now, power=Power.RESPOND, product_id=objection.product_id
    )
    evidence = await casework.get_evidence(tx, actor, evidence_file_ids)
    standing.check_response(statement, evidence)
    event = Happening.RESPOND_LATE if objection.awaits_late_answer else Happening.RESPOND
    state = advance(objection.state, event)
    if objection.response_started_on is None:
        # Whoever answers has received it; its days, had they run, began today at the latest.
        objection = await casework.take_as_received(tx, objection, now=now, calendar=calendar)
    due = await _response_due(tx, objection, calendar)
    answered = msgspec.structs.replace(
        objection,
        state=state,
        response_due_on=due.last_day,
        response=Response(
            statement=statement,
            evidence=evidence,
            responded_by=actor.account_id,
            responded_at=now,
            is_late=deadlines.is_late(now, due),
        ),
    )
    await store.update(tx, answered)
    await casework.meet_clock(tx, objection, deadlines.RESPONSE, now=now)
    if event is Happening.RESPOND:
        await _start_determination(tx, now, calendar, objection)
    await casework.tell(
        tx,
        objection,
        objection.objector_party_id,
        topic=Topic.OBJECTION_ANSWERED,
        now=now,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_ANSWERED,
        answered,
        actor=actor,
        now=now,
        before=objection,
        facts={"is_late": deadlines.is_late(now, due)},
        digests=[Digest("evidence", str(e.file_id), e.sha256) for e in evidence],
    )
    return answered


async def time_out_response(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, objection_id: uuid.UUID
) -> bool:
    """Let the operator decide on the file when the seven days passed; silence admits nothing (A17).

    Tell False if there was nothing to do: somebody else is at it, or the last day is not over.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("objection:time_out")
    objection = await store.lock_if_free(tx, objection_id)
    if objection is None or objection.state is not State.AWAITING_RESPONSE:
        return False
    if objection.awaits_receipt:
        return False
    due = await _response_due(tx, objection, calendar)
    if due.provisional or not deadlines.is_late(now, due):
        return False
    timed_out = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.RESPONSE_TIMEOUT),
        response_due_on=due.last_day,
        no_response=True,
    )
    await store.update(tx, timed_out)
    await _start_determination(tx, now, calendar, objection)
    await casework.remember(
        tx, Event.OBJECTION_RESPONSE_TIMED_OUT, timed_out, actor=actor, now=now, before=objection
    )
    return True


async def _response_due(tx: Tx, objection: Objection, calendar: Calendar) -> Deadline:
    assert objection.response_started_on is not None, "a forwarded objection was received"
    rulebook = await casework.rulebook_of(tx, objection)
    return deadlines.answer_by(objection.response_started_on, rulebook, calendar)


async def _start_determination(
    tx: Tx, now: dt.datetime, calendar: Calendar, objection: Objection
) -> None:
    rulebook = await casework.rulebook_of(tx, objection)
    await casework.start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.DETERMINATION,
        period=rulebook.objection_determination,
        started_on=local_date(now),
    )
