"""Quote, replace a quote, take it back (报价): sealed until the deadline."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from catalog.signing.canonical import canonical, sha256_hex
from market.affiliations import queries as affiliations
from market.credit import queries as credit
from market.credit import sanctions
from market.demand_posts import queries as demand_posts
from market.demand_posts.model import DemandPost
from market.demand_posts.states import DemandPostEventNotAllowed
from market.demand_posts.states import State as PostState
from market.negotiations.operations.offering import Grounds, grounds
from market.pricing import offers
from market.pricing.model import Charge
from market.quotes import quoting, store
from market.quotes.model import Quote, QuoteId, QuoteOffered, QuoteRequest
from market.quotes.operations import casework
from market.quotes.queries import QuoteMissing
from market.quotes.states import Event


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID, offered: QuoteOffered
) -> Quote:
    """Quote on a demand to which one was invited, with one of one's listed products.

    :raises NotPermitted: if the actor sells nothing.
    :raises QuoteRequestMissing: if it is unknown, or one was not invited.
    :raises QuoteRequestEventNotAllowed: if quotes were opened, or the request taken back.
    :raises QuoteLate: if the deadline is over.
    :raises DemandPostEventNotAllowed: if the demand is not on the board any more.
    :raises QuoteRelatedParty: if one is tied to the buyer.
    :raises PartyBanned: if one is banned by one's record.
    :raises QuoteAlreadySubmitted: if one's quote stands and is not replaced.
    :raises QuoteOutsideDemand: if it is not what is asked for (and the others of ``quoting.py``).
    :raises ProductMissing: if the product is not one's own.
    :raises ProductNotListed: if it is not on offer (and the others of ``offering.grounds``).
    :raises OfferPriceNotFiled: if the price is not on the filed plan (and the others of ``terms``).
    :raises SpecialPriceReasonMissing: if it is another price without a reason (``equal_terms``).
    """
    actor.require("quote:submit")
    request = await _lock_open(tx, request_id, now=now)
    buyer = _buyer_of(request)
    post = await _post(tx, request)
    tied = await affiliations.find_relation(tx, of=actor.party, to=buyer, on=local_date(now))
    quoting.check_party(actor.party, buyer, offered.related_party_ids, tied)
    standing_today = await credit.get_standing(tx, party_id=actor.party, on=local_date(now))
    sanctions.check_order(standing_today, 0)
    standing = await store.find_standing(tx, request_id, actor.party)
    quoting.check_second(standing, offered.replaces)
    quoting.check_demand(offered, post.asked, quotes_until=request.quotes_until)
    quote = await _priced(tx, actor, request, buyer, offered, now=now)
    if standing is not None:
        await store.take_back(tx, standing.id, is_replaced=True, now=now)
    await store.add(tx, quote, buyer=buyer)
    await casework.remember(
        tx,
        Happened.QUOTE_SUBMITTED,
        request,
        actor=actor,
        now=now,
        facts={"replaces": None if standing is None else str(standing.id)},
        digests=(Digest("quote", str(quote.id), sha256_of(quote)),),
    )
    return quote


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, quote_id: uuid.UUID) -> Quote:
    """Take one's own quote back before the deadline.

    :raises NotPermitted: if the actor sells nothing.
    :raises QuoteMissing: if it is unknown, somebody else's, or stands no more.
    :raises QuoteRequestEventNotAllowed: if quotes were opened, or the request taken back.
    :raises QuoteLate: if the deadline is over.
    """
    actor.require("quote:submit")
    found = await store.find_quote(tx, quote_id)
    if found is None or found.supplier_party_id != actor.party:
        raise QuoteMissing
    request = await _lock_open(tx, found.request_id, now=now)
    # Read again behind the lock: another one may have come instead meanwhile.
    standing = await store.find_standing(tx, request.id, actor.party)
    if standing is None or standing.id != quote_id:
        raise QuoteMissing
    await store.take_back(tx, standing.id, is_replaced=False, now=now)
    await casework.remember(
        tx,
        Happened.QUOTE_WITHDRAWN,
        request,
        actor=actor,
        now=now,
        facts={"quote_id": str(standing.id)},
    )
    after = await store.find_quote(tx, quote_id)
    assert after is not None, "it was just written"
    return after


def sha256_of(quote: Quote) -> str:
    """Return the digest by which the log knows what a sealed quote says."""
    return sha256_hex(
        canonical(
            (quote.id, quote.supplier_party_id, quote.product_id, quote.terms, quote.amount_fen)
        )
    )


async def _lock_open(tx: Tx, request_id: uuid.UUID, *, now: dt.datetime) -> QuoteRequest:
    request = await casework.lock(tx, request_id)
    casework.moved(request, Event.QUOTE, now=now)
    quoting.check_in_time(request.quotes_until, now=now)
    return request


def _buyer_of(request: QuoteRequest) -> PartyId:
    assert request.buyer_party_id is not None, "the row has it"
    return request.buyer_party_id


async def _post(tx: Tx, request: QuoteRequest) -> DemandPost:
    async with beyond_own_rows(tx):  # a supplier sees the public side alone
        post = await demand_posts.find(tx, post_id=request.post_id)
    assert post is not None, "a request is about a demand"
    if post.state is not PostState.PUBLISHED:
        raise DemandPostEventNotAllowed(state=post.state.value, event="quote")
    return post


async def _priced(
    tx: Tx,
    actor: Actor,
    request: QuoteRequest,
    buyer: PartyId,
    offered: QuoteOffered,
    *,
    now: dt.datetime,
) -> Quote:
    """Return the quote, if its price and its terms are what was filed for a product of one's own."""
    product = await products.find(tx, product_id=offered.product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    held = await grounds(
        tx,
        product_id=offered.product_id,
        buyer=buyer,
        use_category=offered.terms.use_category,
        special_price_id=offered.terms.special_price_id,
        now=now,
    )
    item = offers.item_of(held.filing, offered.terms.price_item)
    filed = quoting.check_price(item, offered)
    _check_terms(held, offered, is_quoted=item.charge is Charge.QUOTE)
    assert actor.account_id is not None, "who quotes has an account"
    assert held.filing.filing_number is not None, "a filing in effect has its number"
    return Quote(
        id=QuoteId(new_id()),
        request_id=request.id,
        supplier_party_id=actor.party,
        account_id=actor.account_id,
        product_id=product.id,
        product_name=product.name,
        filing_id=held.filing.id,
        filing_number=held.filing.filing_number,
        terms=offered.terms,
        amount_fen=offered.amount_fen,
        filed_fen=filed,
        special_price_reason=offered.special_price_reason,
        note=offered.note,
        submitted_at=now,
    )


def _check_terms(held: Grounds, offered: QuoteOffered, *, is_quoted: bool) -> None:
    if is_quoted:  # no policy says such a price; what else it says is filed all the same
        quoting.check_scope(offered.terms, held.filing)
    else:
        held.write(offered.terms)
