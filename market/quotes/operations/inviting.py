"""Ask suppliers for quotes on a demand, or take the request back (邀请报价)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications.topics import Topic
from market.affiliations import queries as affiliations
from market.credit import queries as credit
from market.demand_posts import queries as demand_posts
from market.demand_posts.posting import check_reason
from market.demand_posts.queries import DemandPostMissing
from market.demand_posts.states import DemandPostEventNotAllowed
from market.demand_posts.states import State as PostState
from market.identity import queries as identity
from market.identity.states import State as PartyState
from market.quotes import inviting, store
from market.quotes.inviting import QuoteInviteeUnfit
from market.quotes.model import QuoteRequest, QuoteRequestId, QuotesAsked
from market.quotes.operations import casework
from market.quotes.states import Event, State


class QuoteRequestRunning(Conflict):
    """Quotes are asked for this demand already, or wait to be compared."""

    code = "quote_request_running"


async def send(
    tx: Tx, *, actor: Actor, now: dt.datetime, post_id: uuid.UUID, asked: QuotesAsked
) -> QuoteRequest:
    """Invite suppliers to quote on a published demand, as its buyer or the operator for it.

    :raises NotPermitted: if the actor invites nobody.
    :raises DemandPostMissing: if it is unknown, or somebody else's.
    :raises DemandPostEventNotAllowed: if it is not on the board.
    :raises QuoteInviteesInvalid: if one stands there twice, or is the buyer.
    :raises QuoteDeadlineUnfit: if the deadline is too near, or behind the demand's.
    :raises PartyMissing: if nobody has such an id.
    :raises QuoteInviteeUnfit: if one was not identified, or is banned.
    :raises QuoteInviteeRelated: if one is tied to the buyer, or to another one, by control.
    :raises QuoteRequestRunning: if quotes are asked already.
    """
    actor.require("quote:invite")
    post = await demand_posts.lock(tx, post_id=post_id)
    if post is None or not casework.may_speak_for(actor, post.buyer_party_id, is_asking=True):
        raise DemandPostMissing
    if post.state is not PostState.PUBLISHED:
        raise DemandPostEventNotAllowed(state=post.state.value, event="ask_quotes")
    inviting.check_invited(asked.supplier_party_ids, post.buyer_party_id)
    inviting.check_until(asked.quotes_until, offers_until=post.asked.offers_until, now=now)
    invited = [PartyId(each) for each in sorted(asked.supplier_party_ids)]
    for place, supplier in enumerate(invited):
        await _check_fit(tx, supplier, now=now)
        among = [post.buyer_party_id, *invited[:place]]
        inviting.check_unrelated(
            supplier,
            await affiliations.find_related(tx, of=supplier, among=among, on=local_date(now)),
        )
    if await store.has_running(tx, post_id):
        raise QuoteRequestRunning
    request = QuoteRequest(
        id=QuoteRequestId(new_id()),
        state=State.OPEN,
        post_id=post.id,
        title=post.asked.title,
        buyer_party_id=post.buyer_party_id,
        is_by_operator=actor.party != post.buyer_party_id,
        quotes_until=asked.quotes_until,
        message=asked.message,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, request, invited)
    for supplier in invited:
        await casework.tell(
            tx,
            Topic.QUOTE_INVITED,
            request,
            to=supplier,
            now=now,
            facts={"quotes_until": asked.quotes_until},
        )
    await casework.remember(
        tx,
        Happened.QUOTES_ASKED,
        request,
        actor=actor,
        now=now,
        facts={"invited": [str(each) for each in invited], "quotes_until": asked.quotes_until},
    )
    return request


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID, reason: str
) -> QuoteRequest:
    """Take a request back before anything was chosen; who was invited is told why.

    :raises NotPermitted: if the actor invites nobody.
    :raises QuoteRequestMissing: if it is unknown, or somebody else's.
    :raises QuoteRequestEventNotAllowed: if it was decided, or is over.
    :raises DemandPostReasonMissing: if nobody says why.
    """
    actor.require("quote:decide")
    before = await casework.lock_own(tx, actor, request_id)
    after = casework.moved(before, Event.WITHDRAW, now=now, decided_at=now, reason=reason)
    check_reason(reason)
    await _end(tx, after, actor=actor, now=now)
    return after


async def end_pointless(tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID) -> bool:
    """End a request whose demand is not on the board any more; tell whether that is new.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("quote:open")
    before = await store.lock(tx, request_id)
    if before is None or before.state not in (State.OPEN, State.OPENED):
        return False
    reason = "需求已撤下 · the demand is not on the board any more"
    after = casework.moved(before, Event.WITHDRAW, now=now, decided_at=now, reason=reason)
    await _end(tx, after, actor=actor, now=now)
    return True


async def _end(tx: Tx, after: QuoteRequest, *, actor: Actor, now: dt.datetime) -> None:
    await store.update(tx, after)
    assert after.reason is not None, "it is said why"
    for invited in await store.list_invited(tx, after.id):
        await casework.tell(
            tx,
            Topic.QUOTE_REQUEST_ENDED,
            after,
            to=invited.supplier_party_id,
            now=now,
            facts={"reason": after.reason},
        )
    await casework.remember(
        tx, Happened.QUOTE_REQUEST_WITHDRAWN, after, actor=actor, now=now, reason=after.reason
    )


async def _check_fit(tx: Tx, supplier: PartyId, *, now: dt.datetime) -> None:
    party = await identity.get_party(tx, supplier)
    banned = await credit.is_banned(tx, party_id=supplier, on=local_date(now))
    if party.state is not PartyState.VERIFIED or banned:
        raise QuoteInviteeUnfit(party_id=str(supplier))
