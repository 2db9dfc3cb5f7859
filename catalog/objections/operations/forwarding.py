"""Forward an objection to the registrant, or reject it for its form (HN-20(b))."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, store
from catalog.objections.model import Closing, Objection
from catalog.objections.operations import casework
from catalog.objections.operations.closing import close
from catalog.objections.states import Event as Happening
from catalog.objections.states import advance


class RejectionReasonMissing(Invalid):
    """Who rejects an objection says why."""

    code = "objection_rejection_reason_missing"


class ForwardingReceiptMissing(Invalid):
    """The seven days of the answer run from receipt, so there must be one (送达回执)."""

    code = "objection_receipt_missing"


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID, reason: str
) -> Objection:
    """Reject an objection for its form: no interest, no real evidence, abuse. It may be refiled.

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises RejectionReasonMissing: if no reason is given.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await casework.lock_for(
        tx, actor=actor, now=now, objection_id=objection_id, with_target=True
    )
    if not reason.strip():
        raise RejectionReasonMissing
    rejected = await close(
        tx,
        actor=actor,
        now=now,
        objection=objection,
        event=Happening.REJECT_FORMALLY,
        closing=Closing.REJECTED,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_REJECTED,
        rejected,
        actor=actor,
        now=now,
        before=objection,
        reason=reason,
    )
    return rejected


async def forward(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    receipt: str | None,
    delivered_at: dt.datetime | None = None,
) -> Objection:
    """Tell the registrant; its seven days run from receipt (HN-20(b), (c), A40).

    It is told in its inbox and at its confirmed addresses. With a ``receipt`` of the operator's own
    (registered mail, in person) the days run at once; without one they run when the receipt of
    the notification is proven (``start_response``).

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises ForwardingReceiptMissing: if a receipt is given that says nothing.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await casework.lock_for(tx, actor=actor, now=now, objection_id=objection_id)
    if receipt is not None and not receipt.strip():
        raise ForwardingReceiptMissing
    told = await notifications.send(
        tx,
        now=now,
        to=objection.registrant_party_id,
        topic=Topic.OBJECTION_FORWARDED,
        subject=Subject("objection", str(objection.id)),
        facts={"grounds": "、".join(ground.value for ground in objection.grounds)},
    )
    await casework.tell_agents(
        tx,
        objection,
        objection.registrant_party_id,
        topic=Topic.OBJECTION_FORWARDED,
        now=now,
        grounds="、".join(ground.value for ground in objection.grounds),
    )
    forwarded = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.NOTIFY_REGISTRANT),
        forwarded_at=now,
        receipt=receipt,
        forward_notification_id=told.id,
    )
    if receipt is not None:
        received_on = deadlines.received_on(delivered_at or now, now)
        forwarded = await _start_response(
            tx, forwarded, received_on=received_on, now=now, calendar=calendar
        )
    await store.update(tx, forwarded)
    await casework.let_read(
        tx,
        objection,
        reader=objection.registrant_party_id,
        evidence=[each for each in objection.evidence if not each.is_confidential],
        now=now,
    )
    if not await casework.is_rechecked(tx, objection):  # there the re-check has the clock
        await casework.meet_clock(tx, objection, deadlines.FORWARDING, now=now)
    await casework.remember(
        tx,
        Event.OBJECTION_FORWARDED,
        forwarded,
        actor=actor,
        now=now,
        before=objection,
        facts={"receipt": receipt, "response_due_on": forwarded.response_due_on},
    )
    return forwarded


async def start_response(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, objection_id: uuid.UUID
) -> bool:
    """Start the registrant's seven days, because the receipt of its notification is proven (A40).

    Tell False if there was nothing to do: it is not proven yet, or the days run.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("objection:time_out")
    objection = await store.lock_if_free(tx, objection_id)
    if objection is None or not objection.awaits_receipt:
        return False
    assert objection.forward_notification_id is not None, "it was told when it was forwarded"
    receipt = await notifications.received(
        tx, objection.forward_notification_id, now=now, calendar=calendar
    )
    if receipt is None:
        return False
    started = await _start_response(
        tx, objection, received_on=receipt.received_on, now=now, calendar=calendar
    )
    await store.update(tx, started)
    await casework.remember(
        tx,
        Event.OBJECTION_RECEIVED,
        started,
        actor=actor,
        now=now,
        before=objection,
        facts={
            "received_on": receipt.received_on,
            "basis": receipt.basis.value,
            "response_due_on": started.response_due_on,
        },
    )
    return True


async def _start_response(
    tx: Tx,
    objection: Objection,
    *,
    received_on: dt.date,
    now: dt.datetime,
    calendar: Calendar,
) -> Objection:
    rulebook = await casework.rulebook_of(tx, objection)
    due = deadlines.answer_by(received_on, rulebook, calendar)
    await casework.start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.RESPONSE,
        period=rulebook.objection_response,
        started_on=received_on,
        against="registrant",
        party_id=objection.registrant_party_id,
    )
    return msgspec.structs.replace(
        objection, response_started_on=received_on, response_due_on=due.last_day
    )
