"""Forward an objection to the registrant, or reject it for its form (HN-20(b))."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.workdays import Calendar
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
    objection = await casework.lock_with_target(tx, objection_id)
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
    receipt: str,
    delivered_at: dt.datetime | None = None,
) -> Objection:
    """Tell the registrant, with a receipt; its seven days run from receipt (HN-20(b), (c), A40).

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises ForwardingReceiptMissing: if there is no receipt.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await casework.lock(tx, objection_id)
    if not receipt.strip():
        raise ForwardingReceiptMissing
    rulebook = await casework.rulebook_of(tx, objection)
    received_on = deadlines.received_on(delivered_at or now, now)
    due = deadlines.answer_by(received_on, rulebook, calendar)
    forwarded = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.NOTIFY_REGISTRANT),
        forwarded_at=now,
        receipt=receipt,
        response_started_on=received_on,
        response_due_on=due.last_day,
    )
    await store.update(tx, forwarded)
    await casework.let_read(
        tx, objection, reader=objection.registrant_party_id, evidence=objection.evidence, now=now
    )
    await casework.meet_clock(tx, objection, deadlines.FORWARDING, now=now)
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
    await casework.remember(
        tx,
        Event.OBJECTION_FORWARDED,
        forwarded,
        actor=actor,
        now=now,
        before=objection,
        facts={"receipt": receipt, "response_due_on": due.last_day},
    )
    return forwarded
