"""Close a complaint; from then on it is counted in public, without a word of it (办结)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.complaints import handling, store
from market.complaints.model import SUBJECT, Complaint
from market.complaints.operations import casework
from market.complaints.states import Event as Happening
from market.complaints.states import State, advance


async def close(
    tx: Tx, *, actor: Actor, now: dt.datetime, complaint_id: uuid.UUID, reason: str
) -> Complaint:
    """Close a complaint wherever it stands, when nothing is open any more that it holds open.

    :raises NotPermitted: if the actor handles none.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises HandlerIsParty: if the actor's party complains or is complained of.
    :raises ComplaintEventNotAllowed: if it is closed.
    :raises ComplaintReasonMissing: if nobody says why.
    :raises MeasureStands: if something is still frozen because of it.
    :raises AppealRunning: if either may still go to the authority, or did.
    :raises AwardMissing: if an arbitral institution has not decided.
    """
    before = await casework.lock(tx, actor=actor, complaint_id=complaint_id)
    advance(before.state, Happening.CLOSE)
    handling.check_reason(reason)
    handling.check_closable(before, now)
    return await _close(tx, before, actor=actor, now=now, reason=reason)


async def close_unappealed(
    tx: Tx, *, actor: Actor, now: dt.datetime, complaint_id: uuid.UUID
) -> bool:
    """Close a decided complaint with which nobody went further in time [P].

    What still has something frozen waits for its handler; that the days are over is noted.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("complaint:time_out")
    before = await store.lock(tx, complaint_id)
    if before is None or before.state is not State.RESOLVED:
        return False
    await timers.run_out(
        tx, now=now, kind=casework.APPEAL, subject_kind=SUBJECT, subject_id=complaint_id
    )
    if handling.standing(before):
        return False
    await _close(tx, before, actor=actor, now=now, reason="nobody went further in time")
    return True


async def _close(
    tx: Tx, before: Complaint, *, actor: Actor, now: dt.datetime, reason: str
) -> Complaint:
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Happening.CLOSE),
        ending=handling.ending(before),
        close_reason=reason,
        closed_at=now,
    )
    await casework.stop_clocks(tx, after, now=now, note="closed")
    await casework.tell_both(tx, after, Topic.COMPLAINT_CLOSED, now=now)
    assert after.ending is not None, "it was just said"
    return await casework.save(
        tx,
        after,
        Event.COMPLAINT_CLOSED,
        actor=actor,
        now=now,
        before=before,
        facts={"ending": after.ending},
        reason=reason,
    )
