"""Accept an application, ask once for corrections, or decline it (受理): the operator, HN-09, HN-10."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegated
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date, start_of_day
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.registration import acceptance, dossier
from catalog.registration.acceptance import CorrectionItem, Result
from catalog.registration.model import AcceptanceOpinion, Application, DecisionNotification
from catalog.registration.operations import casework
from catalog.registration.operations.lapsing import CORRECTION
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.store import filed, reviews
from catalog.rulebooks import silence
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning

_EVENTS: Final = {
    Result.ACCEPTED: (Happening.ACCEPT, Event.APPLICATION_ACCEPTED),
    Result.CORRECTION_REQUIRED: (Happening.REQUIRE_CORRECTION, Event.CORRECTION_REQUIRED),
    Result.NOT_ACCEPTED_OUT_OF_SCOPE: (
        Happening.DECLINE_OUT_OF_SCOPE,
        Event.APPLICATION_OUT_OF_SCOPE,
    ),
}
_TOPICS: Final = {
    Result.ACCEPTED: Topic.APPLICATION_ACCEPTED,
    Result.CORRECTION_REQUIRED: Topic.CORRECTION_REQUIRED,
    Result.NOT_ACCEPTED_OUT_OF_SCOPE: Topic.APPLICATION_NOT_ACCEPTED,
}
NOTIFICATIONS: Final = ("acceptance_notification", "review_notification")


class DecisionAlreadyNotified(Conflict):
    """Nothing was decided since the applicant was told last."""

    code = "decision_already_notified"


class ReceiptMissing(Invalid):
    """A notification counts with the proof that it arrived (送达回执)."""

    code = "notification_receipt_missing"


async def decide_acceptance(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    result: Result,
    reasons: tuple[str, ...] = (),
    items: tuple[CorrectionItem, ...] = (),
    override_reason: str | None = None,
) -> AcceptanceOpinion:
    """Give the acceptance opinion (受理意见) within T1, three working days (HN-10).

    :raises NotPermitted: if the actor may not accept.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it does not wait for acceptance.
    :raises AcceptedBySilence: if it counts as accepted, because nobody answered (NDA35-17).
    :raises FeeUnpaid: if its fee is due and the rulebook lets that stop the acceptance (HN-04).
    :raises CorrectionListEmpty: if corrections are asked for and none is listed.
    :raises OneTimeNoticeViolation: if a second list names what was there the first time.
    :raises AcceptanceReasonMissing: if it is declined without a reason.
    """
    actor.require("application:accept")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ACCEPTANCE
    )
    event, remembered = _EVENTS[result]
    advance(application.state, event)
    book = await casework.rulebook_of(tx, application)
    silence.check_open(_submitted_on(application), local_date(now), book, calendar)
    overridden = await _check_result(
        tx, application, book, result, reasons=reasons, items=items, override_reason=override_reason
    )
    opinion = AcceptanceOpinion(
        id=new_id(),
        application_id=application.id,
        submission_no=application.submission_no,
        result=result,
        reasons=reasons,
        items=items if result is Result.CORRECTION_REQUIRED else (),
        override_reason=override_reason if overridden else None,
        overridden_targets=overridden,
        decided_by=actor.account_id,
        decided_at=now,
        correct_by=await _limit_correction(tx, now, calendar, application)
        if result is Result.CORRECTION_REQUIRED
        else None,
    )
    await reviews.insert_acceptance_opinion(tx, opinion)
    decided = await casework.move(
        tx,
        application=application,
        event=event,
        now=now,
        operator_party_id=actor.party,
        acceptor_account_id=actor.account_id,
        accepted_at=now if result is Result.ACCEPTED else None,
    )
    await _run_timers(tx, now, calendar, decided, is_accepted=result is Result.ACCEPTED)
    await _tell(tx, decided, opinion, operator=actor.party, now=now)
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={
            "opinion_id": opinion.id,
            "items": opinion.items,
            "overridden_targets": overridden,
        },
        before={"state": application.state.value},
        after={"state": decided.state.value},
        reason=override_reason or "；".join(reasons) or None,
        rules=casework.cites(application, Step.ACCEPTANCE),
        digests=_frozen(opinion),
    )
    return opinion


async def _check_result(
    tx: Tx,
    application: Application,
    book: Rulebook,
    result: Result,
    *,
    reasons: tuple[str, ...],
    items: tuple[CorrectionItem, ...],
    override_reason: str | None,
) -> tuple[str, ...]:
    """Return which targets are asked for a second time by override, if the result may be given at all.

    :raises FeeUnpaid: and the other refusals of ``decide_acceptance`` that depend on the result.
    """
    if result is Result.CORRECTION_REQUIRED:
        return await _check_list(tx, application, items, override_reason)
    if result is Result.ACCEPTED:
        await fees.require_settled(
            tx,
            application_kind=ApplicationKind.FIRST,
            subject_id=application.id,
            stops_acceptance=book.unpaid_fee_stops_acceptance,
        )
    else:
        acceptance.check_decline(reasons)
    return ()


async def _tell(
    tx: Tx, decided: Application, opinion: AcceptanceOpinion, *, operator: PartyId, now: dt.datetime
) -> None:
    """Tell the applicant what was decided, and the bureau if a list was overridden."""
    until = opinion.correct_by
    await casework.tell_applicant(
        tx,
        decided,
        topic=_TOPICS[opinion.result],
        now=now,
        reasons="；".join(
            [
                *opinion.reasons,
                *(f"{i.target}：{i.problem}" for i in opinion.items),
                *([] if until is None else [f"补正期限至 {until}，逾期未补正的申请终止"]),
            ]
        ),
    )
    if opinion.overridden_targets:
        await casework.tell_authority(
            tx,
            decided,
            topic=Topic.ONE_TIME_NOTICE_OVERRIDDEN,
            operator=operator,
            now=now,
            targets="、".join(opinion.overridden_targets),
        )


async def accept_by_silence(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, application_id: uuid.UUID
) -> bool:
    """Take an application as accepted that the registrar did not answer in its days (视为受理).

    Accepted is the first working day after them, whenever the job comes; the review runs from it.
    Tell False if there was nothing to do: somebody is at it, it was answered, its rulebook knows no
    such acceptance, or the day is not there for good.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("application:accept_by_silence")
    application = await casework.lock_free(tx, application_id=application_id)
    if application is None or application.state is not State.SUBMITTED:
        return False
    book = await casework.rulebook_of(tx, application)
    since = silence.counts_as_accepted(_submitted_on(application), local_date(now), book, calendar)
    if since is None:
        return False
    opinion = AcceptanceOpinion(
        id=new_id(),
        application_id=application.id,
        submission_no=application.submission_no,
        result=Result.ACCEPTED,
        reasons=("逾期未答复，视为受理",),
        items=(),
        override_reason=None,
        overridden_targets=(),
        decided_by=None,
        decided_at=now,
    )
    await reviews.insert_acceptance_opinion(tx, opinion)
    operator = next(iter(await delegated.find_in_force(tx, on=since)), None)
    accepted = await casework.move(
        tx,
        application=application,
        event=Happening.ACCEPT_BY_SILENCE,
        now=now,
        operator_party_id=None if operator is None else operator.operator_party_id,
        accepted_at=start_of_day(since),
    )
    await timers.meet(
        tx, kind="acceptance", subject_kind="application", subject_id=application.id, now=now
    )
    await casework.start_review_clock(tx, accepted, now=now, calendar=calendar, since=since)
    await casework.tell_applicant(
        tx, accepted, topic=Topic.APPLICATION_ACCEPTED, now=now, reasons=opinion.reasons[0]
    )
    await audit_log.append(
        tx,
        Event.APPLICATION_ACCEPTED_BY_SILENCE,
        actor=actor,
        now=now,
        subjects=casework.about(accepted),
        facts={"opinion_id": opinion.id, "accepted_on": since, "rulebook": book.code},
        before={"state": application.state.value},
        after={"state": accepted.state.value},
        rules=(book.acceptance.source,),
    )
    return True


async def notify_decision(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    channel: str,
    receipt: str,
) -> DecisionNotification:
    """Record that the applicant was told of the last decision, with the receipt (告知, HN-10(b)).

    :raises NotPermitted: if the actor may not notify.
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if nothing was decided yet.
    :raises ReceiptMissing: if there is no receipt.
    :raises DecisionAlreadyNotified: if the applicant was told of everything.
    """
    actor.require("decision:notify")
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ACCEPTANCE
    )
    advance(application.state, Happening.NOTIFY_DECISION)
    if not receipt.strip():
        raise ReceiptMissing
    decisions = [
        *((o.decided_at, o.id) for o in await reviews.list_acceptance_opinions(tx, application.id)),
        *((d.decided_at, d.id) for d in await reviews.list_review_decisions(tx, application.id)),
    ]
    told = {n.decision_id for n in await reviews.list_notifications(tx, application.id)}
    waiting = sorted((at, decision) for at, decision in decisions if decision not in told)
    if not waiting:
        raise DecisionAlreadyNotified
    notifications = [
        DecisionNotification(
            id=new_id(),
            application_id=application.id,
            decision_id=decision,
            recipient_party_id=application.applicant_party_id,
            channel=channel,
            receipt=receipt,
            delivered_at=now,
            notified_by=actor.account_id,
        )
        for _, decision in waiting
    ]
    for notification in notifications:
        await reviews.insert_notification(tx, notification)
    told_of = await casework.move(
        tx, application=application, event=Happening.NOTIFY_DECISION, now=now
    )
    for kind in NOTIFICATIONS:
        await _meet_if_running(tx, kind, application, now)
    await audit_log.append(
        tx,
        Event.DECISION_NOTIFIED,
        actor=actor,
        now=now,
        subjects=[Subject("application", str(application.id))],
        facts={"notifications": notifications},
        rules=casework.cites(application, Step.NOTIFICATION),
    )
    await casework.end_handling(tx, application=told_of, now=now, is_told=True)
    return notifications[-1]


def _frozen(opinion: AcceptanceOpinion) -> list[Digest]:
    """Return the digest of the list of corrections: nobody can say later that it was another."""
    if not opinion.items:
        return []
    return [Digest("correction_list", str(opinion.id), sha256_hex(canonical(opinion.items)))]


def _submitted_on(application: Application) -> dt.date:
    assert application.submitted_at is not None, "it waits for acceptance"
    return local_date(application.submitted_at)


async def _limit_correction(
    tx: Tx, now: dt.datetime, calendar: Calendar, application: Application
) -> dt.date | None:
    """Start the applicant's clock for the corrections, where the rulebook has a limit (A10).

    Return its last day, which the notice announces.
    """
    window = (await casework.rulebook_of(tx, application)).correction_window
    if window is None:
        return None
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=CORRECTION,
        subject_kind="application",
        subject_id=application.id,
        against="applicant",
        rulebook=application.rulebook,
        period=window,
        started_on=local_date(now),
        party_id=application.applicant_party_id,
    )
    return deadline(window, local_date(now), calendar).last_day


async def _check_list(
    tx: Tx,
    application: Application,
    items: tuple[CorrectionItem, ...],
    override_reason: str | None,
) -> tuple[str, ...]:
    submissions = await filed.list_submissions(tx, application.id)
    given = await reviews.list_acceptance_opinions(tx, application.id)
    new_since = None
    # After the review of a returned case begins anew, its first list is a first list again.
    if given and given[-1].result is Result.CORRECTION_REQUIRED:
        before, after = submissions[-2:]
        new_since = acceptance.changed_targets(
            acceptance.Dossier(before.dossier), acceptance.Dossier(after.dossier)
        )
    return acceptance.check_list(
        items,
        known_targets=dossier.TARGETS,
        new_since_last_list=new_since,
        override_reason=override_reason,
    )


async def _run_timers(
    tx: Tx, now: dt.datetime, calendar: Calendar, application: Application, *, is_accepted: bool
) -> None:
    await timers.meet(
        tx, kind="acceptance", subject_kind="application", subject_id=application.id, now=now
    )
    await casework.owe_notification(
        tx, application=application, kind="acceptance_notification", now=now, calendar=calendar
    )
    if is_accepted:
        await casework.start_review_clock(tx, application, now=now, calendar=calendar)


async def _meet_if_running(tx: Tx, kind: str, application: Application, now: dt.datetime) -> None:
    try:
        await timers.meet(
            tx, kind=kind, subject_kind="application", subject_id=application.id, now=now
        )
    except TimerNotRunning:
        return
