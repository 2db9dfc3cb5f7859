"""Draft, revise, hand in, withdraw a demand, or say that it was met (需求发布、修改、撤回)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.code_trees import queries as code_trees
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import FieldError, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.timers import operations as timers
from market.contracts.buying import BuyerNotVerified
from market.credit import queries as credit
from market.credit import sanctions
from market.demand_posts import posting
from market.demand_posts.model import DemandAsked, DemandPost, DemandPostId
from market.demand_posts.operations import casework
from market.demand_posts.posting import DemandPostCodeUnknown
from market.demand_posts.states import Event, State
from market.demand_posts.store import posts
from market.identity import queries as identity
from market.identity.states import State as PartyState


async def draft(tx: Tx, *, actor: Actor, now: dt.datetime, asked: DemandAsked) -> DemandPost:
    """Draft what one's party needs; nobody else sees it.

    :raises NotPermitted: if the actor buys nothing.
    :raises DemandPostCodeUnknown: if a code is in no table (and ``CodeMalformed``).
    """
    actor.require("demand_post:post")
    await _check_codes(tx, asked)
    post = DemandPost(
        id=DemandPostId(new_id()),
        state=State.DRAFT,
        buyer_party_id=actor.party,
        asked=asked,
        revision=1,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await posts.insert(tx, post)
    await _keep_revision(tx, post, actor)
    await casework.remember(tx, Happened.DEMAND_POST_DRAFTED, post, actor=actor, now=now)
    return post


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    post_id: uuid.UUID,
    expected_version: int,
    asked: DemandAsked,
) -> DemandPost:
    """Say otherwise what is needed; what was published is taken off the board and reviewed again.

    :raises NotPermitted: if the actor buys nothing.
    :raises DemandPostMissing: if it is unknown or somebody else's.
    :raises VersionStale: if it was changed meanwhile.
    :raises DemandPostEventNotAllowed: if it is negotiated, or over.
    :raises DemandPostPersonal: if it was handed in and may not say that (and the others of ``posting``).
    """
    actor.require("demand_post:post")
    before = await casework.lock_own(tx, actor, post_id)
    if before.version != expected_version:
        raise VersionStale
    after = casework.moved(before, Event.REVISE, now=now, asked=asked, revision=before.revision + 1)
    await _check_codes(tx, asked)
    if after.state is State.SUBMITTED:
        posting.check(asked, now=now)
        await casework.stop_clocks(tx, after, now=now, note="revised")
        await _start_review(tx, after, now=now, calendar=calendar)
    await casework.save(tx, after)
    await _keep_revision(tx, after, actor)
    await casework.remember(tx, Happened.DEMAND_POST_REVISED, after, actor=actor, now=now)
    return after


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, post_id: uuid.UUID
) -> DemandPost:
    """Hand a draft in for publication; the operator reads it first.

    :raises NotPermitted: if the actor buys nothing.
    :raises DemandPostMissing: if it is unknown or somebody else's.
    :raises DemandPostEventNotAllowed: if it is no draft.
    :raises BuyerNotVerified: if its party was not identified.
    :raises PartyBanned: if its party is banned by its record.
    :raises DemandPostPersonal: if it names a person (and the others of ``posting.py``).
    """
    actor.require("demand_post:post")
    before = await casework.lock_own(tx, actor, post_id)
    after = casework.moved(before, Event.SUBMIT, now=now, submitted_at=now)
    party = await identity.get_party(tx, actor.party)
    if party.state is not PartyState.VERIFIED:
        raise BuyerNotVerified
    standing = await credit.get_standing(tx, party_id=party.id, on=local_date(now))
    sanctions.check_order(standing, 0)
    posting.check(after.asked, now=now)
    await casework.save(tx, after)
    await _start_review(tx, after, now=now, calendar=calendar)
    await casework.remember(tx, Happened.DEMAND_POST_SUBMITTED, after, actor=actor, now=now)
    return after


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID, reason: str
) -> DemandPost:
    """Take a post back, with the reason (撤回).

    :raises NotPermitted: if the actor buys nothing.
    :raises DemandPostMissing: if it is unknown or somebody else's.
    :raises DemandPostEventNotAllowed: if it is over.
    :raises DemandPostReasonMissing: if nobody says why.
    """
    return await _end(
        tx,
        Event.WITHDRAW,
        Happened.DEMAND_POST_WITHDRAWN,
        actor=actor,
        now=now,
        post_id=post_id,
        reason=reason,
    )


async def fulfil(
    tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID, reason: str
) -> DemandPost:
    """Say that the demand was met, and how: by an order, or elsewhere (已满足).

    :raises NotPermitted: if the actor buys nothing.
    :raises DemandPostMissing: if it is unknown or somebody else's.
    :raises DemandPostEventNotAllowed: if it is not open.
    :raises DemandPostReasonMissing: if nobody says how.
    """
    return await _end(
        tx,
        Event.MEET,
        Happened.DEMAND_POST_MET,
        actor=actor,
        now=now,
        post_id=post_id,
        reason=reason,
    )


async def _end(
    tx: Tx,
    event: Event,
    happened: Happened,
    *,
    actor: Actor,
    now: dt.datetime,
    post_id: uuid.UUID,
    reason: str,
) -> DemandPost:
    actor.require("demand_post:post")
    before = await casework.lock_own(tx, actor, post_id)
    after = casework.moved(before, event, now=now, reason=reason)
    posting.check_reason(reason)
    await casework.save(tx, after)
    await casework.stop_clocks(tx, after, now=now, note=after.state.value)
    await casework.remember(tx, happened, after, actor=actor, now=now, reason=reason)
    return after


async def _keep_revision(tx: Tx, post: DemandPost, actor: Actor) -> None:
    assert actor.account_id is not None, "who posts has an account"
    await posts.add_revision(tx, post, by=actor.account_id)


async def _start_review(tx: Tx, post: DemandPost, *, now: dt.datetime, calendar: Calendar) -> None:
    async with beyond_own_rows(tx):  # what runs is owed by the operator
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=posting.REVIEW,
            subject_kind=posting.SUBJECT,
            subject_id=post.id,
            against="supermarket_operator",
            rulebook=casework.RULEBOOK,
            period=posting.REVIEWED_WITHIN,
            started_on=local_date(now),
        )
    await casework.start_expiry(tx, post, now=now, calendar=calendar)


async def _check_codes(tx: Tx, asked: DemandAsked) -> None:
    for field, tree, code in posting.codes(asked):
        if code not in await code_trees.find(tx, tree=tree, codes=[code]):
            errors = (FieldError(f"/{field}", DemandPostCodeUnknown.code, code),)
            raise DemandPostCodeUnknown(field=field, given=code, errors=errors)
