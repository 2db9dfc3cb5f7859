"""Let the operator read a demand before everybody does (需求审核)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.notifications.topics import Topic
from catalog.timers import operations as timers
from market.demand_posts import posting
from market.demand_posts.model import DemandPost, Rejection
from market.demand_posts.operations import casework
from market.demand_posts.states import Event


async def publish(tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID) -> DemandPost:
    """Publish a demand that was read: no personal information, no secrets, a lawful purpose.

    :raises NotPermitted: if the actor reviews none.
    :raises DemandPostMissing: if there is none.
    :raises DemandPostEventNotAllowed: if it was not handed in.
    :raises DemandPostOwnReview: if it is of the reviewer's own party.
    :raises DemandPostDeadlineUnfit: if less than a day is left for offers.
    """
    actor.require("demand_post:review")
    before = await casework.lock(tx, post_id)
    posting.check_reviewer(before, actor.party)
    after = casework.moved(before, Event.PUBLISH, now=now, published_at=now)
    posting.check_deadline(after.asked.offers_until, now=now)
    await casework.save(tx, after)
    async with beyond_own_rows(tx):
        await timers.meet(
            tx,
            now=now,
            kind=posting.REVIEW,
            subject_kind=posting.SUBJECT,
            subject_id=after.id,
        )
    await casework.tell(tx, Topic.DEMAND_POST_PUBLISHED, after, to=after.buyer_party_id, now=now)
    await casework.remember(tx, Happened.DEMAND_POST_PUBLISHED, after, actor=actor, now=now)
    return after


async def reject(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    post_id: uuid.UUID,
    rejection: Rejection,
    reason: str,
) -> DemandPost:
    """Do not publish a demand, and say why (不予发布).

    :raises NotPermitted: if the actor reviews none.
    :raises DemandPostMissing: if there is none.
    :raises DemandPostEventNotAllowed: if it was not handed in.
    :raises DemandPostOwnReview: if it is of the reviewer's own party.
    :raises DemandPostReasonMissing: if nothing is said beside the code.
    """
    actor.require("demand_post:review")
    before = await casework.lock(tx, post_id)
    posting.check_reviewer(before, actor.party)
    after = casework.moved(before, Event.REJECT, now=now, rejection=rejection, reason=reason)
    posting.check_reason(reason)
    await casework.save(tx, after)
    await casework.stop_clocks(tx, after, now=now, note="rejected")
    await casework.tell(
        tx,
        Topic.DEMAND_POST_REJECTED,
        after,
        to=after.buyer_party_id,
        now=now,
        facts={"reason": reason},
    )
    await casework.remember(
        tx,
        Happened.DEMAND_POST_REJECTED,
        after,
        actor=actor,
        now=now,
        facts={"rejection": rejection.value},
        reason=reason,
    )
    return after
