"""Give a case the days more that its rulebook allows (延长办理期限, NDA35-28): once, with a reason, told."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.registration.model import Application
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.timers import operations as timers
from catalog.timers import queries as clocks
from catalog.timers.lateness import is_over
from catalog.timers.model import Timer
from catalog.timers.states import State as TimerState


class ReviewNotExtendable(Refused):
    """The rulebook gives no days more, they were given, or the days are over already."""

    code = "review_not_extendable"


class ExtensionReasonMissing(Invalid):
    """Who takes more days says why; the applicant is told."""

    code = "review_extension_reason_missing"


async def extend(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    reason: str,
) -> Application:
    """Take the rulebook's days more for a case, and tell the applicant why.

    :raises NotPermitted: if the actor may not decide reviews.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it is not under way.
    :raises ExtensionReasonMissing: if no reason is given.
    :raises ReviewNotExtendable: if there is nothing to extend, it was extended, or it is over.
    """
    actor.require("review:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.DECISION
    )
    advance(application.state, Happening.EXTEND_REVIEW)
    if not reason.strip():
        raise ExtensionReasonMissing
    by = (await casework.rulebook_of(tx, application)).review_extension
    running = await _running(tx, application)
    if by is None or running is None or running.extended_by or _is_late(running, now):
        raise ReviewNotExtendable(rulebook=application.rulebook)
    longer = await timers.extend(
        tx,
        now=now,
        calendar=calendar,
        kind=casework.REVIEW,
        subject_kind="application",
        subject_id=application.id,
        by=by.length,
        note=reason,
    )
    moved = await casework.move(tx, application=application, event=Happening.EXTEND_REVIEW, now=now)
    await casework.tell_applicant(tx, moved, topic=Topic.REVIEW_EXTENDED, now=now, reasons=reason)
    await audit_log.append(
        tx,
        Event.REVIEW_EXTENDED,
        actor=actor,
        now=now,
        subjects=casework.about(moved),
        facts={"by_working_days": by.length},
        before={"due_on": running.due_on},
        after={"due_on": longer.due_on},
        reason=reason,
        rules=(by.source,),
    )
    return moved


async def _running(tx: Tx, application: Application) -> Timer | None:
    found = await clocks.list_for_subject(tx, subject_kind="application", subject_id=application.id)
    return next((t for t in found if t.kind == casework.REVIEW and t.ended_at is None), None)


def _is_late(timer: Timer, now: dt.datetime) -> bool:
    over = timer.state is TimerState.OPEN and is_over(timer.ends_at, now)
    return over or timer.state is TimerState.OVERDUE
