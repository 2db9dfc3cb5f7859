"""Accept a change, ask once for corrections, or decline it (受理): the operator, HN-09, HN-10, HN-18."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.case_access.model import Duty
from catalog.changes import correcting, materials, store
from catalog.changes.model import Change, Paper, PaperKind
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import State, advance
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegated
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date, start_of_day
from catalog.kernel.workdays import Calendar
from catalog.registration import acceptance
from catalog.registration.acceptance import CorrectionItem, Dossier, Result
from catalog.registration.operations.acceptance import DecisionAlreadyNotified, ReceiptMissing
from catalog.rulebooks import silence
from catalog.rulebooks.steps import Step

_EVENTS: Final = {
    Result.ACCEPTED: (Happening.ACCEPT, Event.CHANGE_ACCEPTED),
    Result.CORRECTION_REQUIRED: (Happening.REQUIRE_CORRECTION, Event.CORRECTION_REQUIRED),
    Result.NOT_ACCEPTED_OUT_OF_SCOPE: (
        Happening.DECLINE_OUT_OF_SCOPE,
        Event.CHANGE_OUT_OF_SCOPE,
    ),
}
_DECISIONS: Final = (PaperKind.ACCEPTANCE_OPINION, PaperKind.REVIEW_DECISION)


async def decide_acceptance(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    result: Result,
    reasons: tuple[str, ...] = (),
    items: tuple[CorrectionItem, ...] = (),
    override_reason: str | None = None,
) -> Paper:
    """Give the acceptance opinion (受理意见) within three working days (A21).

    :raises NotPermitted: if the actor may not accept.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it does not wait for acceptance.
    :raises AcceptedBySilence: if nobody answered in the days in which silence accepts.
    :raises FeeUnpaid: if its fee is due and the rulebook lets that stop the acceptance.
    :raises CorrectionListEmpty: and the other refusals of ``acceptance.check_list``.
    :raises AcceptanceReasonMissing: if it is declined without a reason.
    """
    actor.require("application:accept")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    _, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.ACCEPTANCE
    )
    event, remembered = _EVENTS[result]
    advance(change.state, event)
    overridden: tuple[str, ...] = ()
    book = await casework.book_of(tx, change)
    silence.check_open(_submitted_on(change), local_date(now), book, calendar)
    if result is Result.ACCEPTED:
        await fees.require_settled(
            tx,
            application_kind=ApplicationKind.CHANGE,
            subject_id=change.id,
            stops_acceptance=book.unpaid_fee_stops_acceptance,
        )
    elif result is Result.CORRECTION_REQUIRED:
        overridden = await _check_list(tx, change, items, override_reason)
    else:
        acceptance.check_decline(reasons)
    opinion = await casework.write(
        tx,
        change=change,
        kind=PaperKind.ACCEPTANCE_OPINION,
        body={
            "result": result.value,
            "reasons": reasons,
            "items": items if result is Result.CORRECTION_REQUIRED else (),
            "override_reason": override_reason if overridden else None,
            "overridden_targets": overridden,
        },
        actor=actor,
        now=now,
    )
    is_accepted = result is Result.ACCEPTED
    decided = await casework.move(
        tx,
        change=change,
        event=event,
        now=now,
        operator_party_id=actor.party,
        acceptor_account_id=actor.account_id,
        accepted_at=now if is_accepted else None,
    )
    await _run_clocks(tx, decided, now=now, calendar=calendar, is_accepted=is_accepted)
    if result is Result.NOT_ACCEPTED_OUT_OF_SCOPE:
        await fees.drop(tx, now=now, application_kind=ApplicationKind.CHANGE, subject_id=change.id)
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts=opinion.body,
        before={"state": change.state.value},
        after={"state": decided.state.value},
        reason=override_reason or "；".join(reasons) or None,
        rules=casework.cites(change, Step.ACCEPTANCE),
    )
    return opinion


async def accept_by_silence(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, change_id: uuid.UUID
) -> bool:
    """Take a change as accepted that the registrar did not answer in its days (视为受理).

    Tell False if there was nothing to do.

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if there is no such change.
    """
    actor.require("application:accept_by_silence")
    _, change = await casework.lock(tx, change_id=change_id)
    if change.state is not State.SUBMITTED:
        return False
    book = await casework.book_of(tx, change)
    since = silence.counts_as_accepted(_submitted_on(change), local_date(now), book, calendar)
    if since is None:
        return False
    await casework.write(
        tx,
        change=change,
        kind=PaperKind.ACCEPTANCE_OPINION,
        body={
            "result": Result.ACCEPTED.value,
            "reasons": ("逾期未答复，视为受理",),
            "items": (),
            "override_reason": None,
            "overridden_targets": (),
        },
        actor=actor,
        now=now,
    )
    operator = next(iter(await delegated.find_in_force(tx, on=since)), None)
    accepted = await casework.move(
        tx,
        change=change,
        event=Happening.ACCEPT,
        now=now,
        operator_party_id=None if operator is None else operator.operator_party_id,
        accepted_at=start_of_day(since),
    )
    await casework.meet_clock(tx, change, kind="acceptance", now=now)
    await casework.start_clock(
        tx, accepted, kind="review", period=book.review, now=now, calendar=calendar, since=since
    )
    await audit_log.append(
        tx,
        Event.CHANGE_ACCEPTED_BY_SILENCE,
        actor=actor,
        now=now,
        subjects=casework.about(accepted),
        facts={"accepted_on": since, "rulebook": book.code},
        before={"state": change.state.value},
        after={"state": accepted.state.value},
        rules=casework.cites(change, Step.ACCEPTANCE),
    )
    return True


def _submitted_on(change: Change) -> dt.date:
    assert change.submitted_at is not None, "what waits for acceptance was handed in"
    return local_date(change.submitted_at)


async def notify_decision(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    channel: str,
    receipt: str,
) -> Paper:
    """Record that the registrant was told of the last decision, with the receipt (告知, HN-10(b)).

    :raises NotPermitted: if the actor may not notify.
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if nothing was decided yet.
    :raises ReceiptMissing: if there is no receipt.
    :raises DecisionAlreadyNotified: if the registrant was told of everything.
    """
    actor.require("decision:notify")
    _, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.ACCEPTANCE
    )
    advance(change.state, Happening.NOTIFY_DECISION)
    if not receipt.strip():
        raise ReceiptMissing
    papers = await store.list_papers(tx, change.id)
    told = {
        paper_id
        for paper in papers
        if paper.kind is PaperKind.NOTIFICATION
        for paper_id in paper.body["decision_ids"]
    }
    waiting = [str(p.id) for p in papers if p.kind in _DECISIONS and str(p.id) not in told]
    if not waiting:
        raise DecisionAlreadyNotified
    notification = await casework.write(
        tx,
        change=change,
        kind=PaperKind.NOTIFICATION,
        body={"decision_ids": waiting, "channel": channel, "receipt": receipt},
        actor=actor,
        now=now,
        party_id=change.registrant_party_id,
    )
    told_of = await casework.move(tx, change=change, event=Happening.NOTIFY_DECISION, now=now)
    for kind in ("acceptance_notification", "review_notification"):
        await casework.meet_clock(tx, change, kind=kind, now=now)
    await audit_log.append(
        tx,
        Event.DECISION_NOTIFIED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts=notification.body,
        rules=casework.cites(change, Step.NOTIFICATION),
    )
    await casework.end_handling(tx, change=told_of, now=now, is_told=True)
    return notification


async def _check_list(
    tx: Tx, change: Change, items: tuple[CorrectionItem, ...], override_reason: str | None
) -> tuple[str, ...]:
    submissions = await store.list_papers(tx, change.id, PaperKind.SUBMISSION)
    new_since = None
    if len(submissions) > 1:
        before, after = (Dossier(paper.body["dossier"]) for paper in submissions[-2:])
        new_since = acceptance.changed_targets(before, after)
    return acceptance.check_list(
        items,
        known_targets=materials.TARGETS,
        new_since_last_list=new_since,
        override_reason=override_reason,
    )


async def _run_clocks(
    tx: Tx, change: Change, *, now: dt.datetime, calendar: Calendar, is_accepted: bool
) -> None:
    book = await casework.book_of(tx, change)
    await casework.meet_clock(tx, change, kind="acceptance", now=now)
    clocks = [("acceptance_notification", book.acceptance_notice)]
    if is_accepted:
        clocks.append(("review", book.review))
    for kind, period in clocks:
        await casework.start_clock(tx, change, kind=kind, period=period, now=now, calendar=calendar)
    if change.state is State.CORRECTION_REQUIRED and book.correction_window is not None:
        await casework.start_clock(
            tx,
            change,
            kind=correcting.CLOCK,
            period=book.correction_window,
            now=now,
            calendar=calendar,
            against="applicant",
            party_id=change.registrant_party_id,
        )
