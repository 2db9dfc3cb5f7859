"""Open quotes at their deadline, choose one or none (开启报价、选定).

What is chosen goes on as a negotiation that its buyer begins on the quoted terms. A special price is
offered by the operation for special prices first, in the name of the account that quoted it, and named by
the terms: the agreement uses it when it is concluded.
"""

from __future__ import annotations

import datetime as dt
import uuid

from msgspec.structs import replace

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.local_time import local_date
from catalog.notifications.topics import Topic
from market.demand_posts.operations import moving
from market.demand_posts.posting import check_reason
from market.identity import queries as identity
from market.negotiations.operations import sending
from market.quotes import store
from market.quotes.model import Quote, QuoteRequest
from market.quotes.operations import casework
from market.quotes.operations.quoting import sha256_of
from market.quotes.queries import QuoteMissing
from market.quotes.states import Event, State
from market.special_prices import operations as special_prices
from market.special_prices.model import Offered


class QuoteSupplierGone(Refused):
    """Who gave the quote has no right to offer prices any more: its account or role ended."""

    code = "quote_supplier_gone"


async def open_quotes(tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID) -> bool:
    """Open all quotes of a request whose deadline is over; tell whether that is new.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("quote:open")
    before = await store.lock(tx, request_id)
    if before is None or before.state is not State.OPEN or now < before.quotes_until:
        return False
    assert before.buyer_party_id is not None, "the row has it"
    # The request first: the database opens no quote of one that takes quotes still.
    standing = [each for each in await store.list_quotes(tx, request_id) if each.is_standing]
    event = Event.OPEN_QUOTES if standing else Event.LAPSE
    after = casework.moved(before, event, now=now, opened_at=now)
    await store.update(tx, after)
    opened = await store.open_all(tx, request_id, now=now)
    await casework.tell(
        tx,
        Topic.QUOTES_OPENED if opened else Topic.QUOTE_REQUEST_LAPSED,
        after,
        to=before.buyer_party_id,
        now=now,
        facts={"count": len(opened)},
    )
    await casework.remember(
        tx,
        Happened.QUOTES_OPENED,
        after,
        actor=actor,
        now=now,
        facts={
            "quotes": [
                {
                    "id": str(each.id),
                    "supplier_party_id": str(each.supplier_party_id),
                    "product_id": str(each.product_id),
                    "amount_fen": each.amount_fen,
                }
                for each in opened
            ]
        },
        digests=tuple(Digest("quote", str(each.id), sha256_of(each)) for each in opened),
    )
    return True


async def accept(
    tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID, quote_id: uuid.UUID
) -> QuoteRequest:
    """Choose one of the opened quotes; it is negotiated on its terms, and the others are told.

    :raises NotPermitted: if the actor decides on none.
    :raises QuoteRequestMissing: if it is unknown, or somebody else's.
    :raises QuoteRequestEventNotAllowed: if quotes are sealed still, or one was chosen.
    :raises QuoteMissing: if it is none of the opened ones.
    :raises DemandPostEventNotAllowed: if the demand is not on the board any more.
    :raises OfferExpired: if the quote is over.
    :raises ProductNotListed: if the product is not on offer any more (``offering.grounds``).
    :raises OfferPriceNotFiled: if another price is filed by now (and the others of ``terms``).
    :raises QuoteSupplierGone: if nobody may offer the special price any more.
    :raises SpecialPriceOver: if the special price is over (and the others of ``special_prices``).
    """
    actor.require("quote:decide")
    before = await casework.lock_own(tx, actor, request_id)
    after = casework.moved(before, Event.ACCEPT, now=now, decided_at=now)
    quotes = await store.list_quotes(tx, request_id)
    chosen = next((each for each in quotes if each.id == quote_id and each.is_standing), None)
    if chosen is None:
        raise QuoteMissing
    after = replace(after, accepted_quote_id=chosen.id)
    await moving.take_up(tx, actor=actor, now=now, post_id=after.post_id)
    after = await _go_on(tx, after, chosen, actor=actor, now=now)
    await store.update(tx, after)
    for each in quotes:
        topic = Topic.QUOTE_ACCEPTED if each.id == chosen.id else Topic.QUOTE_NOT_ACCEPTED
        if each.is_standing:
            await casework.tell(
                tx,
                topic,
                after,
                to=each.supplier_party_id,
                now=now,
                facts={"product_name": each.product_name},
            )
    await casework.remember(
        tx,
        Happened.QUOTE_ACCEPTED,
        after,
        actor=actor,
        now=now,
        facts={
            "quote_id": str(chosen.id),
            "negotiation_id": after.negotiation_id,
            "special_price_id": after.special_price_id,
        },
    )
    return after


async def decline(
    tx: Tx, *, actor: Actor, now: dt.datetime, request_id: uuid.UUID, reason: str
) -> QuoteRequest:
    """Choose none of the opened quotes, and say why; the demand stays on the board.

    :raises NotPermitted: if the actor decides on none.
    :raises QuoteRequestMissing: if it is unknown, or somebody else's.
    :raises QuoteRequestEventNotAllowed: if quotes are sealed still, or one was chosen.
    :raises DemandPostReasonMissing: if nobody says why.
    """
    actor.require("quote:decide")
    before = await casework.lock_own(tx, actor, request_id)
    after = casework.moved(before, Event.DECLINE, now=now, decided_at=now, reason=reason)
    check_reason(reason)
    await store.update(tx, after)
    for each in await store.list_quotes(tx, request_id):
        if each.is_standing:
            await casework.tell(
                tx,
                Topic.QUOTES_DECLINED,
                after,
                to=each.supplier_party_id,
                now=now,
                facts={"reason": reason},
            )
    await casework.remember(
        tx, Happened.QUOTES_DECLINED, after, actor=actor, now=now, reason=reason
    )
    return after


async def _go_on(
    tx: Tx, request: QuoteRequest, chosen: Quote, *, actor: Actor, now: dt.datetime
) -> QuoteRequest:
    """Begin the negotiation on the quoted terms, at the special price that was quoted if it is one."""
    terms = chosen.terms
    if chosen.is_special:
        request = await _offer_special(tx, request, chosen, now=now)
        terms = replace(terms, special_price_id=request.special_price_id)
    begun = await sending.begin(
        tx, actor=actor, now=now, product_id=chosen.product_id, wanted=terms
    )
    return replace(request, negotiation_id=begun.id)


async def _offer_special(
    tx: Tx, request: QuoteRequest, chosen: Quote, *, now: dt.datetime
) -> QuoteRequest:
    """Offer the quoted special price to the buyer, in the name of who quoted it."""
    assert request.buyer_party_id is not None, "the row has it"
    async with beyond_own_rows(tx):  # the supplier's own rows: it bound itself by its quote
        supplier = await identity.find_actor_of(tx, account_id=chosen.account_id, now=now)
        if supplier is None or not supplier.may("special_price:offer"):
            raise QuoteSupplierGone
        price = await special_prices.offer(
            tx,
            actor=supplier,
            now=now,
            offered=Offered(
                filing_id=chosen.filing_id,
                price_item=chosen.terms.price_item,
                quantity=chosen.terms.quantity,
                amount_fen=chosen.amount_fen,
                buyer_party_id=request.buyer_party_id,
                valid_until=local_date(chosen.terms.valid_until),
                reason=chosen.special_price_reason,
            ),
        )
    return replace(request, special_price_id=price.id)
