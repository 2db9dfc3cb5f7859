"""Hold an application while somebody objects, release it, or refuse it (异议对申请的影响).

Called by the room of the objections, whose command has asked for the permission and remembers
itself. The one who objects does not see the application that it holds up.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.agencies.model import CaseKind, Ending
from catalog.agencies.operations import assignments
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.case_access import operations as case_access
from catalog.files import operations as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.notices import operations as notices
from catalog.notices.model import Result
from catalog.notifications.topics import Topic
from catalog.registration.acceptance import CorrectionItem
from catalog.registration.grounds import Ground, RefusalGround
from catalog.registration.model import Application, ReviewDecision, ReviewResult
from catalog.registration.operations import casework
from catalog.registration.states import FINAL, State
from catalog.registration.states import Event as Happening
from catalog.registration.store import applications, reviews
from catalog.rulebooks.rulebook import Rulebook, StopClock, Upheld
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers
from catalog.timers import queries as calendars


class Filing(msgspec.Struct, frozen=True):
    """Which rulebook counts for a case and what belongs to it, and as of which day."""

    rulebook: str
    ruled_on: dt.date


async def lock(tx: Tx, *, application_id: uuid.UUID) -> None:
    """Lock an application before the objections to it are.

    :raises Missing: if there is no such application.
    """
    async with beyond_own_rows(tx):
        await casework.lock(tx, application_id=application_id)


async def hold(tx: Tx, *, now: dt.datetime, application_id: uuid.UUID) -> Application:
    """Count one more open objection: nothing is issued until it is closed (A15, A16).

    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if the application is not before the public.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        held = await casework.move(
            tx,
            application=application,
            event=Happening.OBJECT,
            now=now,
            open_objections=application.open_objections + 1,
        )
        if application.open_objections == 0:
            await casework.stop_review(tx, held, StopClock.OBJECTION, now=now)
        return held


async def release(tx: Tx, *, now: dt.datetime, application_id: uuid.UUID) -> None:
    """Count one open objection less; with the last one the application goes on.

    An application that ended meanwhile (withdrawn, refused) stays as it is.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.open_objections == 0:
            return
        left = application.open_objections - 1
        if left or application.state in FINAL:
            await casework.count_objections(tx, application=application, left=left, now=now)
            return
        await _go_on(tx, application, Happening.OBJECTIONS_DISMISSED, now=now)
        if application.state is State.OBJECTION_HOLD:
            await notices.set_current_result(
                tx, application_id=application.id, result=Result.NO_OBJECTION
            )


async def refer_to_court(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, objection_id: uuid.UUID
) -> None:
    """Remember with the application that the dispute about it is before a court (HN-20(2)).

    It stays on hold, and may be withdrawn; before its notice is over there is nothing to hold yet.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.state is not State.OBJECTION_HOLD:
            return
        held = await casework.move(
            tx, application=application, event=Happening.REFER_TO_COURT, now=now
        )
        await audit_log.append(
            tx,
            Event.APPLICATION_REFERRED,
            actor=actor,
            now=now,
            subjects=[*casework.about(application), Subject("objection", str(objection_id))],
            after={"state": held.state.value},
            rules=casework.cites(application, Step.OBJECTION_IN_NOTICE),
        )


async def clear(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    instrument_id: uuid.UUID,
    settled: int,
) -> None:
    """Let an application go on, because an instrument in force speaks for it (生效法律文书).

    ``settled`` of the open objections end with it; while another one is open it stays on hold.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.state is not State.OBJECTION_HOLD or application.open_objections > settled:
            return
        cleared = await _go_on(
            tx,
            application,
            Happening.INSTRUMENT_CLEARS,
            now=now,
            open_objections=application.open_objections,
        )
        await notices.set_current_result(
            tx, application_id=application.id, result=Result.NO_OBJECTION
        )
        await audit_log.append(
            tx,
            Event.APPLICATION_CLEARED,
            actor=actor,
            now=now,
            subjects=[*casework.about(application), Subject("instrument", str(instrument_id))],
            before={"state": application.state.value},
            after={"state": cleared.state.value},
            rules=casework.cites(application, Step.OBJECTION_IN_NOTICE),
        )


async def bar(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, instrument_id: uuid.UUID
) -> None:
    """Refuse the registration, because an instrument in force speaks against it (HN-15(4), R4)."""
    await _refuse(
        tx,
        actor=actor,
        now=now,
        application_id=application_id,
        cause=Subject("instrument", str(instrument_id)),
        facts="生效法律文书不支持登记",
        remark="生效法律文书不支持登记，不予登记",
    )


async def refuse(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, objection_id: uuid.UUID
) -> None:
    """Refuse the registration, because an objection was upheld (HN-15(4), R4)."""
    await _refuse(
        tx,
        actor=actor,
        now=now,
        application_id=application_id,
        cause=Subject("objection", str(objection_id)),
        facts="异议成立，双方均接受处理意见",
        remark="异议成立，不予登记",
    )


async def return_to_draft(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    objection_id: uuid.UUID,
    must_change: tuple[CorrectionItem, ...],
) -> None:
    """Let an application go its whole way once more, because its owners or content must change (A15).

    Opinions, reviewers, agency, notice and authorisation counted for what was; a fresh submission
    gets fresh ones. Its number and its rulebook stay. One that ended meanwhile stays as it is.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.state in FINAL:
            return
        returned = await casework.move(
            tx,
            application=application,
            event=Happening.RETURN_TO_DRAFT,
            now=now,
            open_objections=max(application.open_objections - 1, 0),
            must_change=(*application.must_change, *must_change),
            acceptor_account_id=None,
            technical_reviewer_account_id=None,
            agency_party_id=None,
            agency_contract_id=None,
            technical_round=application.technical_round + 1,
            compliance_round=application.compliance_round + 1,
            accepted_at=None,
        )
        if application.agency_party_id is not None:
            await assignments.take_away(
                tx,
                now=now,
                case_kind=CaseKind.APPLICATION,
                case_id=application.id,
                ending=Ending.CLOSED,
            )
            await files.end_reading(
                tx, party_id=application.agency_party_id, case_id=application.id, now=now
            )
        remark = "异议成立，退回重新填报"
        await case_access.end_all(tx, actor=actor, now=now, case_id=application.id, reason=remark)
        await casework.close_notice(
            tx, actor=actor, now=now, application=returned, result=Result.RETURNED, remark=remark
        )
        await timers.cancel_all(
            tx, now=now, subject_kind="application", subject_id=application.id, note=remark
        )
        await casework.tell_applicant(
            tx,
            returned,
            topic=Topic.APPLICATION_RETURNED_TO_DRAFT,
            now=now,
            reasons="；".join(f"{i.target}：{i.problem}" for i in must_change),
        )
        await audit_log.append(
            tx,
            Event.APPLICATION_RETURNED_TO_DRAFT,
            actor=actor,
            now=now,
            subjects=[*casework.about(application), Subject("objection", str(objection_id))],
            facts={"must_change": must_change},
            before={"state": application.state.value},
            after={"state": returned.state.value},
            rules=casework.cites(application, Step.OBJECTION_UPHELD),
        )


async def get_filing(tx: Tx, *, application_id: uuid.UUID) -> Filing:
    """Return the rulebook under which an application was filed, whoever asks.

    :raises Missing: if there is no such application.
    """
    async with beyond_own_rows(tx):
        application = await applications.find(tx, application_id)
    if application is None:
        raise Missing
    return Filing(application.rulebook, application.ruled_on)


async def _go_on(
    tx: Tx,
    application: Application,
    event: Happening,
    *,
    now: dt.datetime,
    open_objections: int = 0,
) -> Application:
    """Let an application go on that no objection holds up any more."""
    book = await casework.rulebook_of(tx, application)
    if application.state is State.OBJECTION_HOLD and not book.needs_authorisation:
        event = Happening.CLEAR_HOLD
    moved = await casework.move(
        tx, application=application, event=event, now=now, open_objections=open_objections
    )
    await casework.resume_review(tx, moved, StopClock.OBJECTION, now=now)
    if event is Happening.CLEAR_HOLD:
        calendar = await calendars.get_calendar(tx)
        await casework.start_issuing_clock(tx, moved, now=now, calendar=calendar)
    return moved


async def _refuse(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    cause: Subject,
    facts: str,
    remark: str,
) -> None:
    """Refuse, and tell the applicant; an application that ended meanwhile (withdrawn, refused) stays as it is."""
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.state in FINAL:
            return
        book = await casework.rulebook_of(tx, application)
        decision = ReviewDecision(
            id=new_id(),
            application_id=application.id,
            result=ReviewResult.REFUSE,
            grounds=(_ground(book, facts=facts, cause=cause),),
            reasons="",
            technical_opinion_id=None,
            compliance_opinion_id=None,
            without_compliance_by=None,
            decided_by=actor.account_id,
            decided_at=now,
        )
        await reviews.insert_review_decision(tx, decision)
        refused = await casework.move(
            tx,
            application=application,
            event=_refusing(cause, application.state, book),
            now=now,
            open_objections=0,
        )
        await casework.close_notice(
            tx,
            actor=actor,
            now=now,
            application=application,
            result=Result.REFUSED,
            remark=remark,
        )
        await timers.cancel_all(
            tx,
            now=now,
            subject_kind="application",
            subject_id=application.id,
            note=remark,
        )
        await casework.tell_applicant(
            tx, refused, topic=Topic.REGISTRATION_REFUSED, now=now, reasons=facts
        )
        await audit_log.append(
            tx,
            (
                Event.REGISTRATION_TERMINATED
                if refused.state is State.TERMINATED
                else Event.REGISTRATION_REFUSED
            ),
            actor=actor,
            now=now,
            subjects=[*casework.about(application), cause],
            facts={"grounds": decision.grounds},
            before={"state": application.state.value},
            after={"state": refused.state.value},
            rules=casework.cites(application, Step.OBJECTION_UPHELD),
        )
        await casework.end_handling(tx, application=refused, now=now)


def _ground(book: Rulebook, *, facts: str, cause: Subject) -> RefusalGround:
    """Return the ground of a refusal by an objection: a dispute, where the rulebook knows that one."""
    dispute = Ground.UNRESOLVED_OWNERSHIP_DISPUTE
    if dispute.value in book.refusal_grounds:
        return RefusalGround(ground=dispute, facts=facts, case_reference=cause.id)
    return RefusalGround(
        ground=Ground.OTHER_STATUTORY,
        facts=facts,
        case_reference=cause.id,
        legal_citation=book.public_notice.source,
    )


def _refusing(cause: Subject, state: State, book: Rulebook) -> Happening:
    if book.upheld_objection is Upheld.TERMINATED:
        return Happening.OBJECTION_TERMINATES
    # Only while the objection holds it up does an application wait for a court (RULES §5.1).
    if cause.kind == "instrument" and state is State.OBJECTION_HOLD:
        return Happening.INSTRUMENT_BARS
    return Happening.OBJECTION_UPHELD
