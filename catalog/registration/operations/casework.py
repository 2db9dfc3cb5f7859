"""Lock and save an application: the first and the last step of every command on it."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.case_access import handling
from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.files import operations as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.notices import operations as notices
from catalog.notices.model import Result
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration import duties
from catalog.registration.model import Application
from catalog.registration.states import FINAL, advance
from catalog.registration.states import Event as Happening
from catalog.registration.store import applications
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.rulebook import Rulebook, StopClock
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers
from catalog.timers import queries as calendars
from catalog.timers.model import PUBLIC
from catalog.timers.operations import TimerAlreadyRunning, TimerNotRunning

PUBLIC_NOTICE: Final = "public_notice"
ISSUING: Final = "issuing"
REVIEW: Final = "review"
_STOPPED_FOR: Final = {
    StopClock.SUPPLEMENT: "补充材料",
    StopClock.PUBLIC_NOTICE: "公示",
    StopClock.OBJECTION: "异议处理",
}


async def lock(tx: Tx, *, application_id: uuid.UUID) -> Application:
    """Lock and return an application.

    :raises Missing: if there is none that the actor may see.
    """
    application = await applications.lock(tx, application_id)
    if application is None:
        raise Missing
    return application


async def lock_own(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, power: Power
) -> Application:
    """Lock and return an application of the actor's party, or of whom it acts for.

    An agent needs ``power``, and is the application's agent from now on.

    :raises Missing: if there is none, it is somebody else's, or of a product not the agent's matter.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    """
    application = await lock(tx, application_id=application_id)
    if actor.party != application.applicant_party_id:
        raise Missing
    letter = await letters.require(
        tx, actor=actor, now=now, power=power, product_id=application.product_id
    )
    if letter is None:
        return application
    return msgspec.structs.replace(application, agent_party_id=letter.agent_party_id)


async def lock_for(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, duty: Duty
) -> Application:
    """Lock and return an application for one of the staff, whose duty this is from now on (经办).

    :raises Missing: if there is none that the actor may see, or it is another operator's.
    :raises CaseHeldByAnother: if somebody else has the duty.
    :raises FourEyesRequired: if the actor had the duty that this one checks.
    """
    application = await lock(tx, application_id=application_id)
    await case_access.act(tx, actor=actor, now=now, case=duties.case_of(application), duty=duty)
    return application


async def reviewer_of(tx: Tx, application: Application) -> AccountId | None:
    """Return who reviews an application today: who was named, or to whom it was given since."""
    held = handling.holder(
        Duty.TECHNICAL_REVIEW, await case_access_queries.list_of_case(tx, case_id=application.id)
    )
    return application.technical_reviewer_account_id if held is None else held.account_id


async def lock_supervised(tx: Tx, *, actor: Actor, application_id: uuid.UUID) -> Application:
    """Lock and return an application for the bureau that delegates its operator (HN-05).

    :raises Missing: if there is none, or another authority delegates its operator.
    """
    application = await lock(tx, application_id=application_id)
    await case_access_queries.require_authority(
        tx, actor=actor, operator_party_id=application.operator_party_id
    )
    return application


async def lock_free(tx: Tx, *, application_id: uuid.UUID) -> Application | None:
    """Lock and return an application, or None if somebody else holds it just now."""
    return await applications.lock_if_free(tx, application_id)


async def move(
    tx: Tx, *, application: Application, event: Happening, now: dt.datetime, **changed: Any
) -> Application:
    """Let ``event`` happen to an application that is held locked, and save it.

    :raises ApplicationEventNotAllowed: if it can not happen in its state.
    """
    moved = msgspec.structs.replace(
        application,
        state=advance(application.state, event),
        version=application.version + 1,
        updated_at=now,
        **changed,
    )
    await applications.update(tx, moved)
    return moved


async def end_handling(
    tx: Tx, *, application: Application, now: dt.datetime, is_told: bool = False
) -> None:
    """End the duties that nobody has to do any more in an application that is over (办结，不再查阅).

    The last thing of the command that ended it: what was somebody's to write is written by then.
    ``is_told``: what went against it was told, and that was all that was left.
    """
    if application.state not in FINAL:
        return
    case = duties.case_of(application)
    if is_told:
        case = msgspec.structs.replace(case, due=frozenset())
    await case_access.end_over(tx, now=now, case=case)


async def count_objections(
    tx: Tx, *, application: Application, left: int, now: dt.datetime
) -> Application:
    """Write how many objections are open; nothing else happens to the application."""
    counted = msgspec.structs.replace(
        application, open_objections=left, version=application.version + 1, updated_at=now
    )
    await applications.update(tx, counted)
    return counted


def about(application: Application) -> list[Subject]:
    """Return what the audit log says an entry about an application is about."""
    return [
        Subject("application", str(application.id)),
        Subject("product", str(application.product_id)),
    ]


async def close_notice(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application: Application,
    result: Result,
    remark: str,
) -> None:
    """Close the application's notice with a public remark, if one stands, and remember it."""
    closed = await notices.close_current(
        tx, application_id=application.id, result=result, remark=remark
    )
    if closed is None:
        return
    with contextlib.suppress(TimerNotRunning):  # it was not counting yet, or has ended
        await timers.cancel(
            tx,
            now=now,
            kind=PUBLIC_NOTICE,
            subject_kind="application",
            subject_id=application.id,
            note=f"notice closed: {result}",
        )
    await resume_review(tx, application, StopClock.PUBLIC_NOTICE, now=now)
    await audit_log.append(
        tx,
        Event.NOTICE_CLOSED,
        actor=actor,
        now=now,
        subjects=[
            Subject("notice", str(closed.id)),
            Subject("application", str(application.id)),
        ],
        after={"state": closed.state, "result": closed.result},
        reason=remark,
        rules=cites(application, Step.NOTICE),
    )


async def start_clock(
    tx: Tx,
    application: Application,
    *,
    kind: str,
    period: Period,
    now: dt.datetime,
    calendar: Calendar,
    party_id: PartyId | None = None,
    since: dt.date | None = None,
) -> None:
    """Start a clock against the operator; it runs from today, or since a day.

    :raises TimerAlreadyRunning: if one of this kind runs.
    """
    await timers.start(
        tx,
        now=now,
        kind=kind,
        subject_kind="application",
        subject_id=application.id,
        against="supermarket_operator",
        rulebook=application.rulebook,
        period=period,
        started_on=since or local_date(now),
        calendar=calendar,
        party_id=party_id,
    )


async def tell_applicant(
    tx: Tx,
    application: Application,
    *,
    topic: Topic,
    now: dt.datetime,
    reasons: str = "",
    **facts: str,
) -> None:
    """Tell the applicant and its agents what happened: at once, in the same transaction."""
    told = {
        "application_number": application.application_number,
        "reasons": reasons.strip("；") or "—",
        **facts,
    }
    await send_applicant(tx, application, topic=topic, now=now, facts=told)


async def send_applicant(
    tx: Tx, application: Application, *, topic: Topic, now: dt.datetime, facts: dict[str, Any]
) -> None:
    """Send a notification to the applicant, and to each agent that receives them for it (代收)."""
    for party in await letters.receivers(
        tx, now=now, principal=application.applicant_party_id, product_id=application.product_id
    ):
        await notifications.send(
            tx, now=now, to=party, topic=topic, subject=about(application)[0], facts=facts
        )


async def let_parties_read(
    tx: Tx,
    application: Application,
    *,
    parties: Sequence[PartyId],
    file_ids: Sequence[uuid.UUID],
    now: dt.datetime,
) -> None:
    """Let others who take part in an application read files of it: its joint owners."""
    async with beyond_own_rows(tx):  # who reads what follows from who is named
        for party in parties:
            await files.let_read(
                tx,
                file_ids=[FileId(file_id) for file_id in file_ids],
                party_id=party,
                case_id=application.id,
                now=now,
            )


async def tell_authority(
    tx: Tx,
    application: Application,
    *,
    topic: Topic,
    operator: PartyId,
    now: dt.datetime,
    **facts: str,
) -> None:
    """Tell the bureau that delegated the operator (HN-05 全流程监管)."""
    delegation = await delegations.require(tx, operator_party_id=operator, now=now)
    await notifications.send(
        tx,
        now=now,
        to=delegation.authority_party_id,
        topic=topic,
        subject=about(application)[0],
        facts={"application_number": application.application_number, **facts},
    )


def cites(application: Application, step: Step) -> tuple[str, ...]:
    """Return the articles of the application's rulebook by which a step of it is taken."""
    return by_code(application.rulebook).cites(step)


async def rulebook_of(tx: Tx, application: Application) -> Rulebook:
    """Return the rulebook under which the application was filed, as it stood that day."""
    return await rulebooks.of_case(tx, code=application.rulebook, filed_on=application.ruled_on)


async def rulebook_on(tx: Tx, application: Application, day: dt.date) -> Rulebook:
    """Return the application's rulebook as it stands on a day: that on which it is handed in."""
    return await rulebooks.of_case(tx, code=application.rulebook, filed_on=day)


async def start_review_clock(
    tx: Tx,
    application: Application,
    *,
    now: dt.datetime,
    calendar: Calendar,
    since: dt.date | None = None,
) -> None:
    """Start the clock of the review (T3, HN-12: thirty working days), from the acceptance."""
    await start_clock(
        tx,
        application,
        kind=REVIEW,
        period=(await rulebook_of(tx, application)).review,
        now=now,
        calendar=calendar,
        party_id=application.operator_party_id,
        since=since,
    )


async def stop_review(
    tx: Tx,
    application: Application,
    why: StopClock,
    *,
    now: dt.datetime,
    key: str = "",
    since: dt.date | None = None,
) -> None:
    """Let the review's clock stand still, if the rulebook does not count these days (NDA35-28)."""
    if why in (await rulebook_of(tx, application)).stop_clocks:
        await timers.pause(
            tx,
            now=now,
            kind=REVIEW,
            subject_kind="application",
            subject_id=application.id,
            cause=f"{why}{key}",
            note=_STOPPED_FOR[why],
            since=since,
        )


async def resume_review(
    tx: Tx,
    application: Application,
    why: StopClock,
    *,
    now: dt.datetime,
    key: str = "",
    through: dt.date | None = None,
) -> None:
    """Let the review's clock go on after days that did not count; nothing if it did not stop."""
    if why in (await rulebook_of(tx, application)).stop_clocks:
        await timers.resume(
            tx,
            now=now,
            calendar=await calendars.get_calendar(tx),
            kind=REVIEW,
            subject_kind="application",
            subject_id=application.id,
            cause=f"{why}{key}",
            through=through,
        )


async def meet_review(tx: Tx, application: Application, *, now: dt.datetime) -> None:
    """Stop the review's clock, because what it ran for is done."""
    await timers.meet(
        tx, kind=REVIEW, subject_kind="application", subject_id=application.id, now=now
    )


async def start_issuing_clock(
    tx: Tx, application: Application, *, now: dt.datetime, calendar: Calendar
) -> None:
    """Start the clock of the issue (发证), where a rulebook was given one; no text has it."""
    period = (await rulebook_of(tx, application)).issuing
    if period is not None:
        await start_clock(
            tx,
            application,
            kind=ISSUING,
            period=period,
            now=now,
            calendar=calendar,
            party_id=application.operator_party_id,
        )


async def start_notice_clock(
    tx: Tx, application: Application, *, starts_on: dt.date, now: dt.datetime, calendar: Calendar
) -> None:
    """Start the clock of the public notice (T4, seven working days, HN-16). Nobody owes it."""
    await timers.start(
        tx,
        now=now,
        kind=PUBLIC_NOTICE,
        subject_kind="application",
        subject_id=application.id,
        against=PUBLIC,
        rulebook=application.rulebook,
        period=(await rulebook_of(tx, application)).public_notice,
        started_on=starts_on,
        calendar=calendar,
    )


async def run_notice_clock_out(tx: Tx, application: Application, *, now: dt.datetime) -> None:
    """Stop the clock of a public notice whose days are over, whether or not one objected."""
    await timers.run_out(
        tx,
        now=now,
        kind=PUBLIC_NOTICE,
        subject_kind="application",
        subject_id=application.id,
    )


async def owe_notification(
    tx: Tx, *, application: Application, kind: str, now: dt.datetime, calendar: Calendar
) -> None:
    """Start the clock for telling the applicant of a decision (T2, one working day, HN-10(b)).

    If it was not told of an earlier decision either, that older clock runs on: it ends sooner,
    and one notification tells of both.
    """
    try:
        await start_clock(
            tx,
            application,
            kind=kind,
            period=(await rulebook_of(tx, application)).acceptance_notice,
            now=now,
            calendar=calendar,
            party_id=application.operator_party_id,
        )
    except TimerAlreadyRunning:
        return
