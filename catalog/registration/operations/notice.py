"""Put an approved application before the public (公示) and end it when its days are over, HN-16."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.workdays import Calendar
from catalog.notices import operations as notices
from catalog.notices import queries as notice_queries
from catalog.notices.model import AUTHORITY_WEBSITE, NATIONAL_SYSTEM, PLATFORM, Notice, Result
from catalog.notices.publicity import only_public
from catalog.notices.states import State as NoticeState
from catalog.notifications.topics import Topic
from catalog.registration import dossier, issuance
from catalog.registration.model import Application, NoticeWaiver
from catalog.registration.operations import casework, consents
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.store import filed, reviews
from catalog.rulebooks.rulebook import StopClock
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import canonical, sha256_hex


class PostedElsewhere(msgspec.Struct, frozen=True):
    """Where the operator posted a notice itself, and the digest of what is seen there."""

    url: str
    receipt_sha256: str


async def publish_notice(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    elsewhere: PostedElsewhere | None = None,
) -> Notice:
    """Publish the notice on the operator's own platform; the bureau's website is to follow.

    Where the rulebook names the national system instead, the operator has posted it there and
    brings the receipt (``elsewhere``); with its only channel up, the days begin at once.

    :raises NotPermitted: if the actor may not publish notices.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if its review was not passed.
    :raises OwnerConsentMissing: if a joint owner took its consent back.
    :raises ChannelAlreadyPosted: if it stands on the platform already.
    :raises ReceiptMalformed: if it stands elsewhere, and no good receipt is brought.
    """
    actor.require("notice:publish")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ISSUANCE
    )
    advance(application.state, Happening.PUBLISH_NOTICE)
    await consents.require_all(tx, application=application)
    parts = (await filed.list_submissions(tx, application.id))[-1].dossier
    book = await casework.rulebook_of(tx, application)
    public_fields = only_public(
        dossier.public_facts(parts, application.application_number or "", book)
    )
    notice = await notices.open_or_current(
        tx,
        now=now,
        application_id=application.id,
        product_id=application.product_id,
        registrant=application.applicant_party_id,
        rulebook=application.rulebook,
        public_fields=public_fields,
    )
    own = PostedElsewhere(f"/notices/{notice.id}", sha256_hex(canonical(public_fields)))
    posting = (
        elsewhere or PostedElsewhere("", "") if NATIONAL_SYSTEM in book.notice_channels else own
    )
    notice = await notices.post(
        tx,
        now=now,
        calendar=calendar,
        rulebook=book,
        notice_id=notice.id,
        channel=NATIONAL_SYSTEM if NATIONAL_SYSTEM in book.notice_channels else PLATFORM,
        url=posting.url,
        receipt_sha256=posting.receipt_sha256,
        posted_by=actor.account_id,
    )
    await _remember_posting(tx, actor, now, application, notice)
    if notice.state is NoticeState.RUNNING:
        await _begin(tx, application, notice, actor=actor, now=now, calendar=calendar)
    return notice


async def confirm_channel(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    notice_id: uuid.UUID,
    channel: str = AUTHORITY_WEBSITE,
    url: str,
    receipt_sha256: str,
) -> Notice:
    """Confirm that the notice stands on the bureau's website, with a receipt (A39).

    When both channels are up the seven working days begin with the later day (A14).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such notice.
    :raises NoticeEventNotAllowed: if the notice is not being posted.
    :raises ChannelAlreadyPosted: if it was confirmed before.
    :raises ReceiptMalformed: if the address or the receipt's hash is not one.
    """
    actor.require("notice:confirm_channel")
    # The application is locked before its notice, here as everywhere.
    application_id = await notices.application_of(tx, notice_id=notice_id)
    application = await casework.lock_supervised(tx, actor=actor, application_id=application_id)
    advance(application.state, Happening.PUBLISH_NOTICE)
    notice = await notices.post(
        tx,
        now=now,
        calendar=calendar,
        rulebook=await casework.rulebook_of(tx, application),
        notice_id=notice_id,
        channel=channel,
        url=url,
        receipt_sha256=receipt_sha256,
        posted_by=actor.account_id,
    )
    await _remember_posting(tx, actor, now, application, notice)
    if notice.state is NoticeState.RUNNING:
        await _begin(tx, application, notice, actor=actor, now=now, calendar=calendar)
    return notice


async def waive_notice(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    reason: str,
) -> NoticeWaiver:
    """Let a case go on without a public notice, for a reason that is kept (免予公示, NDA35-24).

    :raises NotPermitted: if the actor may not publish notices.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if its review was not passed.
    :raises NoticeNotWaivable: if the rulebook waives none, or it is being posted.
    :raises WaiverReasonMissing: if no reason is given.
    """
    actor.require("notice:publish")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ISSUANCE
    )
    advance(application.state, Happening.WAIVE_NOTICE)
    book = await casework.rulebook_of(tx, application)
    posted = await notice_queries.find_current(tx, application.id)
    issuance.check_waiver(book, reason, is_posted=posted is not None)
    waiver = NoticeWaiver(
        application_id=application.id,
        submission_no=application.submission_no,
        reason=reason,
        waived_by=actor.account_id,
        waived_at=now,
    )
    await reviews.insert_waiver(tx, waiver)
    waived = await casework.move(tx, application=application, event=Happening.WAIVE_NOTICE, now=now)
    await casework.start_issuing_clock(tx, waived, now=now, calendar=calendar)
    await audit_log.append(
        tx,
        Event.NOTICE_WAIVED,
        actor=actor,
        now=now,
        subjects=casework.about(waived),
        before={"state": application.state.value},
        after={"state": waived.state.value},
        reason=reason,
        rules=(book.public_notice.source,),
    )
    return waiver


async def _begin(
    tx: Tx,
    application: Application,
    notice: Notice,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> None:
    """Let the days of a notice begin that stands on all its channels."""
    assert notice.starts_on is not None, "a running notice has begun"
    await casework.start_notice_clock(
        tx, application, starts_on=notice.starts_on, now=now, calendar=calendar
    )
    await casework.stop_review(
        tx, application, StopClock.PUBLIC_NOTICE, now=now, since=notice.starts_on
    )
    published = await casework.move(
        tx, application=application, event=Happening.PUBLISH_NOTICE, now=now
    )
    await audit_log.append(
        tx,
        Event.NOTICE_PUBLISHED,
        actor=actor,
        now=now,
        subjects=_about(application, notice),
        facts={"starts_on": notice.starts_on, "ends_on": notice.ends_on},
        before={"state": application.state.value},
        after={"state": published.state.value},
        rules=casework.cites(application, Step.NOTICE),
    )
    await casework.tell_applicant(
        tx, published, topic=Topic.NOTICE_POSTED, now=now, **_days(notice)
    )


async def end_notice(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    notice_id: uuid.UUID,
) -> bool:
    """End the notice if its days are over: clean, or with an objection still open.

    Tell False if there was nothing to do: somebody else is at it, it is not over, or was ended.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("notice:end")
    application = await casework.lock_free(tx, application_id=application_id)
    if application is None:
        return False
    notice = await notices.lock(tx, notice_id=notice_id)
    if notice.state is not NoticeState.RUNNING:
        return False
    book = await casework.rulebook_of(tx, application)
    notice = await notices.recompute(tx, notice=notice, rulebook=book, calendar=calendar)
    if notice.ends is None or not issuance.is_over(notice.ends, now):
        return False
    if await notices.is_held_up(tx, now=now, calendar=calendar, rulebook=book, notice=notice):
        return False
    is_clean = application.open_objections == 0
    clean = Happening.END_NOTICE if book.needs_authorisation else Happening.END_NOTICE_READY
    event = clean if is_clean else Happening.END_NOTICE_OBJECTED
    ended = await casework.move(tx, application=application, event=event, now=now)
    await casework.resume_review(
        tx, application, StopClock.PUBLIC_NOTICE, now=now, through=notice.ends_on
    )
    if ended.state is State.READY_TO_ISSUE:
        await casework.start_issuing_clock(tx, ended, now=now, calendar=calendar)
    notice = await notices.end(
        tx,
        notice=notice,
        result=Result.NO_OBJECTION if is_clean else Result.OBJECTION_PENDING,
    )
    await casework.run_notice_clock_out(tx, application, now=now)
    assert notice.result is not None, "an ended notice has its result"
    await casework.tell_applicant(
        tx,
        ended,
        topic=Topic.NOTICE_ENDED,
        now=now,
        result=notice.result.value,
        **_days(notice),
    )
    await audit_log.append(
        tx,
        Event.NOTICE_ENDED,
        actor=actor,
        now=now,
        subjects=_about(application, notice),
        facts={"result": notice.result, "ends_on": notice.ends_on},
        before={"state": application.state.value},
        after={"state": ended.state.value},
        rules=casework.cites(application, Step.NOTICE),
    )
    return True


async def follow_calendar(tx: Tx, *, calendar: Calendar) -> int:
    """Move the last days of all running notices to where a new year's table puts them (A5).

    Part of the command that loaded it, which remembers the timers that it moved. Return how many
    notices moved.
    """
    moved = 0
    async with beyond_own_rows(tx):
        for notice_id, application_id in await notice_queries.list_running(tx):
            application = await casework.lock(tx, application_id=application_id)
            before = await notices.lock(tx, notice_id=notice_id)
            if before.state is NoticeState.RUNNING:
                book = await casework.rulebook_of(tx, application)
                after = await notices.recompute(tx, notice=before, rulebook=book, calendar=calendar)
                moved += after != before
    return moved


def _days(notice: Notice) -> dict[str, str]:
    assert notice.starts_on is not None, "a notice that ran has begun"
    assert notice.ends_on is not None, "a notice that ran has its last day"
    return {"starts_on": notice.starts_on.isoformat(), "ends_on": notice.ends_on.isoformat()}


async def _remember_posting(
    tx: Tx, actor: Actor, now: dt.datetime, application: Application, notice: Notice
) -> None:
    posting = max(notice.postings, key=lambda p: p.published_at)
    await audit_log.append(
        tx,
        Event.NOTICE_CHANNEL_POSTED,
        actor=actor,
        now=now,
        subjects=_about(application, notice),
        facts={"posting": posting, "public_fields": notice.public_fields},
        rules=casework.cites(application, Step.NOTICE),
        digests=[
            Digest("notice_posting", f"{notice.id}/{p.channel}", p.receipt_sha256)
            for p in notice.postings
        ],
    )


def _about(application: Application, notice: Notice) -> list[Subject]:
    return [
        Subject("application", str(application.id)),
        Subject("notice", str(notice.id)),
        Subject("product", str(application.product_id)),
    ]
