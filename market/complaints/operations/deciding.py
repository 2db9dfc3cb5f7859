"""Decide a complaint; go to the authority once, and be decided on there (处理、复核)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from market.complaints import filing, handling, store
from market.complaints.model import About, Appeal, Complaint, House, Resolution
from market.complaints.operations import casework
from market.complaints.queries import ComplaintMissing, digest
from market.complaints.states import Event as Happening
from market.complaints.states import advance
from market.orders import queries as orders
from market.orders.operations import delivery
from market.orders.operations.delivery import Ruling
from market.orders.states import State as OrderState


async def resolve(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    complaint_id: uuid.UUID,
    resolution: Resolution,
    ruling: Ruling | None = None,
    refund_fen: int | None = None,
) -> Complaint:
    """Decide a complaint (处理决定); both are told, and either may go to the authority.

    A disputed order is decided with it: ``ruling`` says for whom, and its money goes accordingly.

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintOfOtherHouse: if the other house handles it.
    :raises ComplaintHeldByAnother: if a colleague investigates it.
    :raises ComplaintEventNotAllowed: if it is not being investigated.
    :raises NotHeard: if who is complained of has said nothing, and still may.
    :raises RulingUnclear: if its order is disputed and not ruled on, or the other way round.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    handling.check_house(before, is_authority=casework.is_authority(actor))
    state = advance(before.state, Happening.RESOLVE)
    handling.check_handler(before, actor.account_id)
    handling.check_heard(before, now)
    await _rule(tx, before, ruling, refund_fen, actor=actor, now=now, reason=resolution.findings)
    timer = await casework.start_clock(
        tx,
        before,
        casework.APPEAL,
        period=filing.APPEALED_WITHIN,
        now=now,
        calendar=calendar,
        house=None,
    )
    after = msgspec.structs.replace(
        before,
        state=state,
        outcome=resolution.outcome,
        findings=resolution.findings,
        ordered=resolution.ordered,
        resolved_at=now,
        appeal_ends_at=timer.ends_at,
    )
    await casework.meet_clock(tx, after, casework.RESOLUTION, now=now)
    await casework.tell_both(
        tx,
        after,
        Topic.COMPLAINT_RESOLVED,
        now=now,
        findings=resolution.findings,
        appeal_until=timer.due_on,
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_RESOLVED,
        actor=actor,
        now=now,
        before=before,
        facts={"outcome": resolution.outcome, "ordered": resolution.ordered},
        reason=resolution.findings,
    )


async def appeal(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    complaint_id: uuid.UUID,
    reason: str,
) -> Complaint:
    """Go to the authority against a decision, as one of the two, once (申请复核).

    :raises NotPermitted: if the actor speaks for no party.
    :raises ComplaintMissing: if it is neither of the two.
    :raises ComplaintEventNotAllowed: if it is not decided, or goes on elsewhere.
    :raises AppealedBefore: if one of the two did so before.
    :raises AppealOver: if the days are over.
    :raises ComplaintReasonMissing: if nobody says why.
    """
    actor.require("complaint:appeal")
    async with beyond_own_rows(tx):
        before = await store.lock(tx, complaint_id)
    if before is None or actor.party not in (before.complainant_party_id, before.against_party_id):
        raise ComplaintMissing
    is_complainant = actor.party == before.complainant_party_id
    if not is_complainant and before.accepted_at is None:
        raise ComplaintMissing
    return await _appeal(
        tx, before, actor, now, calendar, reason=reason, by_complainant=is_complainant
    )


async def appeal_by_secret(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    number: str,
    secret: str,
    reason: str,
) -> Complaint:
    """Go to the authority without saying who one is: who has the secret complained.

    :raises ComplaintMissing: if there is no such complaint of this secret.
    :raises ComplaintEventNotAllowed: and the other refusals of ``appeal``.
    """
    async with beyond_own_rows(tx):
        found = await store.find_by_secret(tx, number, digest(secret))
        before = None if found is None else await store.lock(tx, found.id)
    if before is None:
        raise ComplaintMissing
    return await _appeal(tx, before, actor, now, calendar, reason=reason, by_complainant=True)


async def review(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    complaint_id: uuid.UUID,
    resolution: Resolution,
) -> Complaint:
    """Decide, as the authority, on what one of the two came with; its decision takes the other's place.

    Money that went by the first decision does not come back by this one: that is for the courts.

    :raises NotPermitted: if the actor reviews none.
    :raises ComplaintMissing: if there is none.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ReviewerIsHandler: if the actor made the first decision.
    :raises ComplaintEventNotAllowed: if nobody came to the authority with it.
    """
    actor.require("complaint:review")
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    state = advance(before.state, Happening.REVIEW)
    handling.check_reviewer(before, actor.account_id)
    assert before.appeal is not None, "what is reviewed was appealed against"
    after = msgspec.structs.replace(
        before,
        state=state,
        outcome=resolution.outcome,
        findings=resolution.findings,
        ordered=resolution.ordered,
        appeal=msgspec.structs.replace(
            before.appeal, reviewed_by=actor.account_id, reviewed_at=now
        ),
    )
    await casework.meet_clock(tx, after, casework.REVIEW, now=now)
    await casework.tell_both(
        tx, after, Topic.COMPLAINT_REVIEWED, now=now, findings=resolution.findings
    )
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_REVIEWED,
        actor=actor,
        now=now,
        before=before,
        facts={"outcome": resolution.outcome, "ordered": resolution.ordered},
        reason=resolution.findings,
    )


async def _rule(
    tx: Tx,
    complaint: Complaint,
    ruling: Ruling | None,
    refund_fen: int | None,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> None:
    """Decide the order that the complaint is about, if it is disputed."""
    is_disputed = False
    if complaint.about is About.ORDER:
        assert complaint.about_id is not None, "an order is named"
        order = await orders.get_order(tx, viewer=actor, order_id=complaint.about_id)
        is_disputed = order.state is OrderState.DISPUTED
    handling.check_ruling(is_disputed=is_disputed, has_ruling=ruling is not None)
    if ruling is not None:
        assert complaint.about_id is not None, "a disputed order is named"
        await delivery.resolve(
            tx,
            actor=actor,
            now=now,
            order_id=complaint.about_id,
            ruling=ruling,
            reason=reason,
            refund_fen=refund_fen,
        )


async def _appeal(
    tx: Tx,
    before: Complaint,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    *,
    reason: str,
    by_complainant: bool,
) -> Complaint:
    state = advance(before.state, Happening.APPEAL)
    handling.check_reason(reason)
    handling.check_appeal(before, now)
    after = msgspec.structs.replace(
        before,
        state=state,
        appeal=Appeal(by_complainant=by_complainant, reason=reason, appealed_at=now),
    )
    async with beyond_own_rows(tx):
        await store.update(tx, after)
    await casework.stop_clocks(tx, after, now=now, note="appealed")
    await casework.start_clock(
        tx,
        after,
        casework.REVIEW,
        period=filing.RESOLVED_WITHIN,
        now=now,
        calendar=calendar,
        house=House.AUTHORITY,
    )
    await casework.tell_authority(tx, after, Topic.COMPLAINT_APPEALED, now=now)
    await casework.tell_both(tx, after, Topic.COMPLAINT_APPEALED, now=now)
    return await casework.remember(
        tx,
        after,
        Event.COMPLAINT_APPEALED,
        actor=actor,
        now=now,
        facts={"by_complainant": by_complainant},
        before={"state": before.state.value},
        reason=reason,
    )
