"""Say whether a complaint is taken, belongs elsewhere, or is declined (受理、转办、不予受理)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.profiles.quality import Dimension
from catalog.quality_issues import operations as quality_issues
from catalog.quality_issues.model import Report
from market.complaints import filing, handling
from market.complaints.model import Complaint, Kind
from market.complaints.operations import casework, hearing
from market.complaints.states import Event as Happening
from market.complaints.states import advance

_LONGEST_DESCRIPTION = 1000


class Decision(enum.StrEnum):
    """What is said of a complaint inside five working days."""

    ACCEPT = "accept"  # 受理
    REDIRECT = "redirect"  # 转办
    DECLINE = "decline"  # 不予受理


async def triage(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    complaint_id: uuid.UUID,
    decision: Decision,
    reason: str,
    dimension: Dimension,
) -> Complaint:
    """Take a complaint, send it where it belongs, or decline it with the reason.

    Wrong data become a quality issue, whose ``dimension`` is said here; of ownership whoever
    complained objects itself, since an objection asks for its own interest and evidence (5.3).

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintOfOtherHouse: if the other house handles it.
    :raises ComplaintEventNotAllowed: if that was said before.
    :raises ComplaintBelongsElsewhere: if it belongs elsewhere, or is redirected and does not.
    :raises ComplaintReasonMissing: if it is not taken and nobody says why.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    handling.check_house(before, is_authority=casework.is_authority(actor))
    after = msgspec.structs.replace(
        before, state=advance(before.state, Happening(decision.value)), triaged_at=now
    )
    if decision is Decision.ACCEPT:
        handling.check_place(before.kind, redirects=False)
        heard_until = before.hearing_ends_at or hearing.until(now, calendar)
        after = msgspec.structs.replace(after, accepted_at=now, hearing_ends_at=heard_until)
        await _accepted(tx, after, now=now, calendar=calendar)
    else:
        handling.check_reason(reason)
        after = msgspec.structs.replace(after, reason=reason)
        topic = Topic.COMPLAINT_DECLINED
        if decision is Decision.REDIRECT:
            handling.check_place(before.kind, redirects=True)
            to = await _redirect(tx, after, actor=actor, now=now, dimension=dimension)
            after = msgspec.structs.replace(after, redirected_to=to)
            topic = Topic.COMPLAINT_REDIRECTED
        await casework.tell_complainant(tx, after, topic, now=now, reason=reason)
    await casework.meet_clock(tx, after, casework.TRIAGE, now=now)
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_TRIAGED,
        actor=actor,
        now=now,
        before=before,
        facts={"decision": decision.value, "redirected_to": after.redirected_to},
        reason=reason or None,
    )


async def _accepted(tx: Tx, after: Complaint, *, now: dt.datetime, calendar: Calendar) -> None:
    timer = await casework.start_clock(
        tx,
        after,
        casework.RESOLUTION,
        period=filing.RESOLVED_WITHIN,
        now=now,
        calendar=calendar,
        house=after.house,
    )
    await casework.tell_complainant(
        tx, after, Topic.COMPLAINT_ACCEPTED, now=now, due_on=timer.due_on
    )
    await casework.tell_who_is_complained_of(
        tx,
        after,
        Topic.COMPLAINT_AGAINST_YOU,
        now=now,
        facts=after.facts,
        state_until=after.hearing_ends_at,
    )


async def _redirect(
    tx: Tx, after: Complaint, *, actor: Actor, now: dt.datetime, dimension: Dimension
) -> str:
    if after.kind is Kind.OWNERSHIP:
        return "objections"
    assert after.product_id is not None, "wrong data are a product's"
    issue = await quality_issues.report(
        tx,
        actor=msgspec.structs.replace(
            actor, permissions=actor.permissions | {"quality_issue:report"}
        ),
        now=now,
        product_id=after.product_id,
        said=Report(dimension=dimension, description=after.facts[:_LONGEST_DESCRIPTION]),
    )
    return f"quality_issue:{issue.id}"
