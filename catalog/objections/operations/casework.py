"""Do what every command on an objection does: lock it, keep its clocks, remember it."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.authorisation_letters import operations as letters
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.certificates.operations import objections as certificates
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, queries, store
from catalog.objections.model import Evidence, Objection
from catalog.objections.states import Event as Happening
from catalog.objections.states import advance
from catalog.registration.operations import objections as registration
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


async def lock(tx: Tx, objection_id: uuid.UUID) -> Objection:
    """Lock and return an objection.

    :raises Missing: if there is none that the actor may see.
    """
    objection = await store.lock(tx, objection_id)
    if objection is None:
        raise Missing
    return objection


async def lock_for(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection_id: uuid.UUID,
    with_target: bool = False,
) -> Objection:
    """Lock an objection for whoever adjudicates it from now on (经办), with its target if asked.

    :raises Missing: if there is none that the actor may see, or it is another operator's.
    :raises CaseHeldByAnother: if somebody else adjudicates it.
    """
    lock_it = lock_with_target if with_target else lock
    objection = await lock_it(tx, objection_id)
    case = await queries.case_of(tx, objection)
    await case_access.act(tx, actor=actor, now=now, case=case, duty=Duty.ADJUDICATION)
    return objection


async def lock_with_target(tx: Tx, objection_id: uuid.UUID) -> Objection:
    """Lock what is objected to, then the objection: in the order of filing, so none deadlock.

    :raises Missing: if there is none that the actor may see.
    """
    found = await store.find(tx, objection_id)
    if found is None:
        raise Missing
    if found.certificate_number is None:
        await registration.lock(tx, application_id=found.application_id)
    else:
        await certificates.lock(tx, certificate_number=found.certificate_number)
    return await lock(tx, objection_id)


async def get_evidence(
    tx: Tx,
    actor: Actor,
    file_ids: Sequence[uuid.UUID],
    *,
    confidential: Collection[uuid.UUID] = (),
) -> tuple[Evidence, ...]:
    """Return files of the actor's own as evidence; those ``confidential`` the other side never reads.

    :raises Missing: if one of them does not exist for the actor.
    """
    found = [await files.get_own(tx, viewer=actor, file_id=file_id) for file_id in file_ids]
    return tuple(
        Evidence(f.id, f.sha256, f.file_name, is_confidential=f.id in confidential) for f in found
    )


async def let_read(
    tx: Tx,
    objection: Objection,
    *,
    reader: PartyId,
    evidence: Sequence[Evidence],
    now: dt.datetime,
) -> None:
    """Let the other side read one side's evidence."""
    await file_operations.let_read(
        tx,
        file_ids=[FileId(e.file_id) for e in evidence],
        party_id=reader,
        case_id=objection.id,
        now=now,
    )


async def start_clock(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    objection: Objection,
    kind: str,
    period: Period,
    started_on: dt.date,
    against: str = "supermarket_operator",
    party_id: PartyId | None = None,
) -> None:
    """Start one of the clocks of an objection."""
    await timers.start(
        tx,
        now=now,
        kind=kind,
        subject_kind="objection",
        subject_id=objection.id,
        against=against,
        rulebook=objection.rulebook,
        period=period,
        started_on=started_on,
        calendar=calendar,
        party_id=party_id,
    )


async def meet_clock(tx: Tx, objection: Objection, kind: str, *, now: dt.datetime) -> None:
    """Stop a clock: what it ran for is done."""
    await timers.meet(tx, kind=kind, subject_kind="objection", subject_id=objection.id, now=now)


async def meet_if_running(tx: Tx, objection: Objection, kind: str, *, now: dt.datetime) -> None:
    """Stop a clock, if it runs: what it ran for is done."""
    with contextlib.suppress(TimerNotRunning):
        await meet_clock(tx, objection, kind, now=now)


async def cancel_clock(tx: Tx, objection: Objection, kind: str, *, now: dt.datetime) -> None:
    """Stop a clock, if it runs: the case went on without what it ran for."""
    try:
        await timers.cancel(
            tx,
            now=now,
            kind=kind,
            subject_kind="objection",
            subject_id=objection.id,
            note="the case went on",
        )
    except TimerNotRunning:
        return


async def rulebook_of(tx: Tx, objection: Objection) -> Rulebook:
    """Return the rulebook of the case objected to, as it stood when that was filed."""
    return await rulebooks.of_case(tx, code=objection.rulebook, filed_on=objection.ruled_on)


async def is_rechecked(tx: Tx, objection: Objection) -> bool:
    """Tell whether the registrar's own re-check ends this objection."""
    return deadlines.is_rechecked(
        await rulebook_of(tx, objection), in_notice=objection.certificate_number is None
    )


async def tell(
    tx: Tx, objection: Objection, *parties: PartyId, topic: Topic, now: dt.datetime, **facts: str
) -> None:
    """Tell parties of an objection what happened to it, and the agents that receive it for them."""
    for party in parties:
        await _send(tx, objection, party, topic=topic, now=now, facts=facts)
        await tell_agents(tx, objection, party, topic=topic, now=now, **facts)


async def tell_agents(
    tx: Tx,
    objection: Objection,
    principal: PartyId,
    *,
    topic: Topic,
    now: dt.datetime,
    **facts: str,
) -> None:
    """Tell the agents that receive notifications for one side what that side is told (代收通知)."""
    _, *agents = await letters.receivers(
        tx, now=now, principal=principal, product_id=objection.product_id
    )
    for agent in agents:
        await _send(tx, objection, agent, topic=topic, now=now, facts=facts)


async def _send(
    tx: Tx,
    objection: Objection,
    to: PartyId,
    *,
    topic: Topic,
    now: dt.datetime,
    facts: dict[str, str],
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject("objection", str(objection.id)),
        facts=facts,
    )


async def end_proceedings_clock(tx: Tx, objection: Objection, *, now: dt.datetime) -> None:
    """Stop the objector's clock for going to court, because it went."""
    await meet_clock(tx, objection, deadlines.PROCEEDINGS, now=now)


async def take_as_received(
    tx: Tx, objection: Objection, *, now: dt.datetime, calendar: Calendar
) -> Objection:
    """Take an objection as received today, because its registrant answers it."""
    rulebook = await rulebook_of(tx, objection)
    today = local_date(now)
    await start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.RESPONSE,
        period=rulebook.objection_response,
        started_on=today,
        against="registrant",
        party_id=objection.registrant_party_id,
    )
    due = deadlines.answer_by(today, rulebook, calendar)
    return msgspec.structs.replace(
        objection, response_started_on=today, response_due_on=due.last_day
    )


async def leave_unresolved(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection: Objection,
    reason: str | None = None,
) -> Objection:
    """Take the matter as unresolved: the objector has its days to go to court (HN-20(2)).

    :raises ObjectionEventNotAllowed: if nothing was determined, or it is over.
    """
    unresolved = msgspec.structs.replace(
        objection, state=advance(objection.state, Happening.ONE_REFUSES)
    )
    await store.update(tx, unresolved)
    await cancel_clock(tx, objection, deadlines.ACCEPTANCE, now=now)
    rulebook = await rulebook_of(tx, objection)
    await start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.PROCEEDINGS,
        period=rulebook.objection_proceedings,
        started_on=local_date(now),
        against="objector",
        party_id=objection.objector_party_id,
    )
    await tell(
        tx,
        objection,
        objection.objector_party_id,
        objection.registrant_party_id,
        topic=Topic.OBJECTION_UNRESOLVED,
        now=now,
    )
    await remember(
        tx,
        Event.OBJECTION_UNRESOLVED,
        unresolved,
        actor=actor,
        now=now,
        before=objection,
        reason=reason,
    )
    return unresolved


async def remember(
    tx: Tx,
    event: Event,
    objection: Objection,
    *,
    actor: Actor,
    now: dt.datetime,
    before: Objection | None = None,
    facts: Any = None,
    reason: str | None = None,
    digests: Sequence[Digest] = (),
) -> None:
    """Append what happened to an objection to the audit log."""
    subjects = [
        Subject("objection", str(objection.id)),
        Subject("application", str(objection.application_id)),
        Subject("product", str(objection.product_id)),
    ]
    if objection.certificate_number is not None:
        subjects.append(Subject("certificate", objection.certificate_number))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts=facts,
        before=None if before is None else {"state": before.state},
        after={"state": objection.state},
        reason=reason,
        rules=by_code(objection.rulebook).cites(
            Step.OBJECTION_IN_NOTICE
            if objection.certificate_number is None
            else Step.OBJECTION_AFTER
        ),
        digests=digests,
    )
