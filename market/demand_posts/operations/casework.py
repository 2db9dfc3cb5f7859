"""What every operation on a post shares: lock it, move it, show it, stop its clocks, remember, tell."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.model import PUBLIC
from market.demand_posts import posting
from market.demand_posts.model import DemandPost
from market.demand_posts.queries import DemandPostMissing
from market.demand_posts.states import Event, advance
from market.demand_posts.store import board, posts
from market.identity import queries as identity

RULEBOOK: Final = HAINAN_2023.code


async def lock(tx: Tx, post_id: uuid.UUID) -> DemandPost:
    """Return a post, locked.

    :raises DemandPostMissing: if there is none that the actor may know of.
    """
    found = await posts.lock(tx, post_id)
    if found is None:
        raise DemandPostMissing
    return found


async def lock_own(tx: Tx, actor: Actor, post_id: uuid.UUID) -> DemandPost:
    """Return a post of the actor's own party, locked.

    :raises DemandPostMissing: if it is unknown, or somebody else's.
    """
    found = await lock(tx, post_id)
    if found.buyer_party_id != actor.party:
        raise DemandPostMissing
    return found


def moved(before: DemandPost, event: Event, *, now: dt.datetime, **changes: Any) -> DemandPost:
    """Return the post after an event.

    :raises DemandPostEventNotAllowed: if it does not happen in its state.
    """
    return replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )


async def save(tx: Tx, post: DemandPost) -> None:
    """Write a post back, and its public side if it ever had one."""
    await posts.update(tx, post)
    if post.published_at is not None:
        buyer = await identity.get_party(tx, post.buyer_party_id)
        async with beyond_own_rows(tx):  # the board is nobody's
            await board.show(tx, posting.public_side(post, buyer))


async def start_expiry(tx: Tx, post: DemandPost, *, now: dt.datetime, calendar: Calendar) -> None:
    """Let the days begin after which a post is over by itself."""
    last = max(local_date(post.asked.offers_until), local_date(now))
    async with beyond_own_rows(tx):
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=posting.EXPIRY,
            subject_kind=posting.SUBJECT,
            subject_id=post.id,
            against=PUBLIC,
            rulebook=RULEBOOK,
            period=posting.DECIDED_WITHIN,
            started_on=last,
            party_id=post.buyer_party_id,
        )


async def stop_clocks(tx: Tx, post: DemandPost, *, now: dt.datetime, note: str) -> None:
    """Stop what runs about a post; it may be nothing."""
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind=posting.SUBJECT, subject_id=post.id, note=note
        )


async def tell(
    tx: Tx,
    topic: Topic,
    post: DemandPost,
    *,
    to: PartyId,
    now: dt.datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Tell a party something about a post."""
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject("demand_post", str(post.id)),
        facts={"title": post.asked.title, **(facts or {})},
    )


async def remember(
    tx: Tx,
    event: Happened,
    post: DemandPost,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Append to the audit log what happened to a post."""
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("demand_post", str(post.id))],
        facts={"revision": post.revision, **(facts or {})},
        after={"state": post.state.value, "version": post.version},
        reason=reason,
        rules=("GD-04", "NP-2"),
    )
