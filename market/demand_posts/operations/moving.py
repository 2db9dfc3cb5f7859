"""Move a demand by what happens around it: it is taken up, goes on, is met, or is over (需求流转)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.demand_posts import posting
from market.demand_posts.model import DemandPost
from market.demand_posts.operations import casework
from market.demand_posts.states import Event, State
from market.demand_posts.store import posts


async def take_up(tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID) -> DemandPost:
    """Note that an offer for the demand is negotiated; a part of the command that accepts it.

    :raises DemandPostMissing: if there is none that the actor may know of.
    :raises DemandPostEventNotAllowed: if it is not open, or negotiated already.
    """
    before = await casework.lock(tx, post_id)
    after = casework.moved(before, Event.TAKE_UP, now=now)
    await casework.save(tx, after)
    await casework.stop_clocks(tx, after, now=now, note="negotiated")
    await casework.remember(tx, Happened.DEMAND_POST_TAKEN_UP, after, actor=actor, now=now)
    return after


async def settle(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    post_id: uuid.UUID,
    is_met: bool,
) -> bool:
    """Note how the negotiation of a demand ended: it is met, or goes on; tell whether that is new.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("demand_post:settle")
    before = await posts.lock(tx, post_id)
    if before is None or before.state is not State.NEGOTIATING:
        return False
    event, happened = Event.GO_ON, Happened.DEMAND_POST_WENT_ON
    if is_met:
        event, happened = Event.MEET, Happened.DEMAND_POST_MET
    after = casework.moved(before, event, now=now)
    await casework.save(tx, after)
    if not is_met:
        await casework.start_expiry(tx, after, now=now, calendar=calendar)
        await casework.tell(tx, Topic.DEMAND_POST_WENT_ON, after, to=after.buyer_party_id, now=now)
    await casework.remember(tx, happened, after, actor=actor, now=now)
    return True


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID) -> bool:
    """End a demand whose days are over; tell whether that is new.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("demand_post:expire")
    before = await posts.lock(tx, post_id)
    if before is None or before.state not in (State.SUBMITTED, State.PUBLISHED):
        return False
    await timers.run_out(
        tx, now=now, kind=posting.EXPIRY, subject_kind=posting.SUBJECT, subject_id=post_id
    )
    after = casework.moved(before, Event.EXPIRE, now=now)
    await casework.save(tx, after)
    await casework.stop_clocks(tx, after, now=now, note="expired")
    await casework.tell(tx, Topic.DEMAND_POST_EXPIRED, after, to=after.buyer_party_id, now=now)
    await casework.remember(tx, Happened.DEMAND_POST_EXPIRED, after, actor=actor, now=now)
    return True
