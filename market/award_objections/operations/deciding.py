"""Decide on an objection to the result of an auction (处理成交异议): it stands, or the result changes."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import AccountId
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from market.auctions import queries as auctions
from market.auctions.model import Auction
from market.auctions.operations import awarding, on_notice
from market.auctions.operations import casework as auction_casework
from market.award_objections import objecting, store
from market.award_objections.model import AwardObjection, Decided, Finding
from market.award_objections.operations import casework, filing
from market.award_objections.queries import AwardObjectionMissing
from market.award_objections.states import Event, State


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    decided: Decided,
) -> AwardObjection:
    """Decide on an objection, as the authority: refused, the result stands; upheld, it changes.

    Upheld against a winner, that one is left out and the next one comes, whose result is on notice anew;
    against the whole, the result is void. Other objections are then about a result that is gone.

    :raises NotPermitted: if the actor is not the authority's.
    :raises AwardObjectionMissing: if there is none.
    :raises AwardObjectionEventNotAllowed: if it was decided on, or taken back.
    :raises DeciderInvolved: if the actor belongs to the supplier or to a bidder.
    :raises AwardObjectionReasonsMissing: if nothing says why.
    """
    actor.require("award_objection:decide")
    seen = await store.find(tx, objection_id)
    if seen is None:
        raise AwardObjectionMissing
    auction = await auction_casework.lock(tx, seen.auction_id)
    before = await casework.lock(tx, objection_id)
    objecting.check_decider(actor.party_id, await auctions.list_parties(tx, auction=auction))
    objecting.check_reasons(decided.reasons)
    assert actor.account_id is not None, "who decides has an account"
    is_upheld = decided.finding is Finding.UPHELD
    after = await casework.move(
        tx,
        before,
        Event.UPHOLD if is_upheld else Event.DISMISS,
        decision=decided.reasons,
        decided_at=now,
        decided_by=AccountId(actor.account_id),
    )
    await filing.end_clock(tx, after, now=now)
    if is_upheld:
        auction = await _change(tx, auction, after, actor=actor, now=now, calendar=calendar)
    else:
        auction = await filing.go_on_if_none_waits(tx, auction, now=now, calendar=calendar)
    await casework.tell(
        tx,
        Topic.AWARD_OBJECTION_DECIDED,
        auction,
        to=[after.party_id, after.supplier_party_id],
        now=now,
        finding=decided.finding.value,
        reason=decided.reasons,
    )
    await casework.remember(
        tx,
        Happened.AWARD_OBJECTION_UPHELD if is_upheld else Happened.AWARD_OBJECTION_DISMISSED,
        after,
        auction=auction,
        actor=actor,
        now=now,
        facts={"against_paddle": after.against_paddle},
        reason=decided.reasons,
    )
    return after


async def _change(
    tx: Tx,
    auction: Auction,
    upheld: AwardObjection,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> Auction:
    """Leave out who was objected to, or void the whole; end the objections to what is gone."""
    assert upheld.decision is not None, "it was decided just now"
    for each in await store.list_of(tx, auction.id):
        if each.state is State.FILED:
            await casework.move(tx, each, Event.SUPERSEDE, decided_at=now)
            await filing.end_clock(tx, each, now=now)
    if upheld.against_paddle is None:
        return await awarding.void_result(tx, auction, actor=actor, now=now, reason=upheld.decision)
    return await on_notice.exclude(
        tx,
        auction,
        actor=actor,
        now=now,
        calendar=calendar,
        paddle=upheld.against_paddle,
        reason=upheld.decision,
    )
