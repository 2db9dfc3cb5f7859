"""Find what fits a demand, tell whose it is, and keep what both sides say of it (供需撮合)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx, beyond_own_rows
from catalog.kernel.ids import PartyId
from catalog.notifications.topics import Topic
from catalog.products.model import DataNature, DeliveryMode, Form, Level, UpdateCycle
from catalog.search import queries as search
from catalog.search.model import Filters, Hit
from catalog.search.port import SearchPort
from catalog.thesaurus.synonyms import Synonyms
from market.demand_posts import matching
from market.demand_posts.model import (
    Candidate,
    DemandAsked,
    DemandMatch,
    DemandPost,
    Judged,
    NotRelevant,
    Side,
    Verdict,
    Visibility,
)
from market.demand_posts.operations import casework
from market.demand_posts.queries import LOOKED_EVERY, DemandMatchMissing
from market.demand_posts.states import OPEN, DemandPostEventNotAllowed
from market.demand_posts.store import matches, posts
from market.pricing.regimes import is_public

# As many as the search ranks on one page; what comes behind them is about something else.
_LOOKED_AT: Final = search.MAX_LIMIT


async def look(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    port: SearchPort | None,
    synonyms: Synonyms,
    post_id: uuid.UUID,
) -> int:
    """Find what fits a demand now, if it or the catalogue changed; return how much is new.

    :raises NotPermitted: if the actor is not the job for it.
    :raises SynonymsOutdated: if they are of a table that changed since: read them and ask again.
    """
    actor.require("demand_post:match")
    due = await matches.lock_due(tx, post_id, before=now - LOOKED_EVERY)
    if due is None:
        return 0
    # The position first: what is committed meanwhile is seen now, and once more in vain.
    position = await search.read_position(tx)
    new: list[Judged] = []
    if due.position is None or await _changed(tx, post_id, due.position, synonyms):
        new = await _match(tx, due.post, actor=actor, now=now, port=port, synonyms=synonyms)
    await matches.looked(tx, due.post, position=position, now=now)
    return len(new)


async def find_best(
    tx: Tx, *, asked: DemandAsked, buyer: PartyId, port: SearchPort | None, synonyms: Synonyms
) -> list[Judged]:
    """Return the products of the public catalogue that fit best, never one of the buyer's own.

    It is the catalogue's own search: what it finds, whoever may not see it does not find.

    :raises SynonymsOutdated: see ``search``.
    """
    found = await search.search(
        tx, port=port, text=asked.title, synonyms=synonyms, limit=_LOOKED_AT
    )
    told = await matches.list_facts(tx, [hit.id for hit in found.items])
    top = max((hit.score for hit in found.items), default=0.0)
    candidates = [
        _candidate(hit, told[hit.id], top)
        for hit in found.items
        if hit.id in told and told[hit.id]["supplier_party_id"] != buyer
    ]
    return matching.best(asked, candidates)


async def answer(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    post_id: uuid.UUID,
    product_id: uuid.UUID,
    verdict: Verdict,
    reason: NotRelevant | None,
) -> DemandMatch:
    """Accept or dismiss a match, as its buyer or its supplier; the last word counts.

    :raises NotPermitted: if the actor neither buys nor sells.
    :raises DemandMatchMissing: if there is no such match that concerns the actor.
    :raises DemandMatchReasonUnfit: if a dismissal names no reason, or an acceptance one.
    :raises DemandPostEventNotAllowed: if the demand is not open any more.
    """
    actor.require("demand_match:answer")
    locked = await matches.lock_match(tx, post_id, product_id)
    if locked is None:
        raise DemandMatchMissing
    match, buyer = locked
    side, other = _side(actor.party, buyer, match)
    matching.check_answer(verdict, reason)
    async with beyond_own_rows(tx):  # a supplier sees the public side alone
        post = await posts.find(tx, post_id)
    assert post is not None, "a match is of a post"
    if post.state not in OPEN:
        raise DemandPostEventNotAllowed(state=post.state.value, event="answer_match")
    await matches.answer(
        tx, match, party=actor.party, side=side, verdict=verdict, reason=reason, now=now
    )
    if verdict is Verdict.ACCEPTED and other is not None:
        await casework.tell(
            tx,
            Topic.DEMAND_MATCH_ACCEPTED,
            post,
            to=other,
            now=now,
            facts={"product_name": match.product_name},
        )
    told = None if reason is None else reason.value
    await casework.remember(
        tx,
        Happened.DEMAND_MATCH_ANSWERED,
        post,
        actor=actor,
        now=now,
        facts={"product_id": product_id, "side": side, "verdict": verdict, "reason": told},
    )
    return _as_seen(match, post, side, verdict, reason)


async def _changed(tx: Tx, post_id: uuid.UUID, position: str, synonyms: Synonyms) -> bool:
    changed = await search.list_matching(
        tx, text="", synonyms=synonyms, filters=Filters(), beyond=position, limit=1
    )
    return bool(changed) or await matches.has_lost(tx, post_id)


async def _match(
    tx: Tx,
    post: DemandPost,
    *,
    actor: Actor,
    now: dt.datetime,
    port: SearchPort | None,
    synonyms: Synonyms,
) -> list[Judged]:
    found = await find_best(
        tx, asked=post.asked, buyer=post.buyer_party_id, port=port, synonyms=synonyms
    )
    known = await matches.known_matches(tx, post.id)
    may_be_told = post.asked.visibility is not Visibility.INVITED
    gone = matching.gone([each for each, kept in known.items() if kept.is_current], found)
    new = [each for each in found if each.candidate.product_id not in known]
    untold = [
        each
        for each in found
        if (kept := known.get(each.candidate.product_id)) is None or not kept.is_told
    ]
    await matches.put_matches(tx, post, found, is_told=may_be_told, now=now)
    await matches.end_matches(tx, post.id, gone)
    if may_be_told:
        await _tell_suppliers(tx, post, untold, now=now)
    if new or gone:
        await casework.remember(
            tx,
            Happened.DEMAND_POST_MATCHED,
            post,
            actor=actor,
            now=now,
            facts={"fit": len(found), "new": len(new), "gone": len(gone)},
        )
    return new


async def _tell_suppliers(
    tx: Tx, post: DemandPost, found: Sequence[Judged], *, now: dt.datetime
) -> None:
    suppliers = (each.candidate.supplier_party_id for each in found)
    counted = Counter(supplier for supplier in suppliers if supplier is not None)
    for supplier, count in sorted(counted.items()):
        await casework.tell(
            tx, Topic.DEMAND_POST_MATCHED, post, to=supplier, now=now, facts={"count": count}
        )


def _side(party: PartyId, buyer: PartyId, match: DemandMatch) -> tuple[Side, PartyId | None]:
    """Return on which side the actor's party stands, and who the other is.

    :raises DemandMatchMissing: if on neither.
    """
    if party == buyer:
        return Side.BUYER, match.supplier_party_id
    if party == match.supplier_party_id:
        return Side.SUPPLIER, buyer
    raise DemandMatchMissing


def _as_seen(
    match: DemandMatch, post: DemandPost, side: Side, verdict: Verdict, reason: NotRelevant | None
) -> DemandMatch:
    if side is Side.BUYER:
        return replace(match, buyer_verdict=verdict, buyer_reason=reason)
    shown = matching.for_supplier(match.reasons, shows_budget=post.asked.shows_budget)
    return replace(
        match, score=None, reasons=shown, supplier_verdict=verdict, supplier_reason=reason
    )


def _candidate(hit: Hit, told: Row, top: float) -> Candidate:
    nature = told["data_nature"]
    return Candidate(
        product_id=hit.id,
        name=hit.name,
        supplier_party_id=told["supplier_party_id"],
        relevance=round(1000 * hit.score / top) if top > 0 else 1000,
        words=tuple(hit.matched),
        form=None if hit.form is None else Form(hit.form),
        industry_codes=tuple(told["industry_codes"] or ()),
        region_code=hit.region_code,
        delivery_modes=tuple(
            DeliveryMode(mode) for mode in dict.fromkeys([*hit.delivery, *told["filed_modes"]])
        ),
        update_cycle=None if hit.update_cycle is None else UpdateCycle(hit.update_cycle),
        level=None if hit.level is None else Level(hit.level),
        is_public_data=is_public(None if nature is None else DataNature(nature)),
        price_from_fen=hit.price_from_fen,
        is_on_offer=told["is_on_offer"],
    )
