"""Offer a special price, take it back, and use it in an order (特别定价)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from market.affiliations import queries as affiliations
from market.affiliations.model import Matter
from market.affiliations.operations import dealings
from market.identity import queries as identity
from market.identity.states import State as PartyState
from market.pricing import offers
from market.pricing import queries as pricing
from market.pricing.model import Filing, PriceItem
from market.special_prices import equal_terms, store
from market.special_prices.model import Offered, SpecialPrice, SpecialPriceId
from market.special_prices.queries import SpecialPriceMissing
from market.special_prices.states import Event, State, advance


class SpecialPriceBuyerUnfit(Refused):
    """Who is to have the price was not identified, or is the supplier itself."""

    code = "special_price_buyer_unfit"


async def offer(tx: Tx, *, actor: Actor, now: dt.datetime, offered: Offered) -> SpecialPrice:
    """Offer one buyer a price of its own, within the filing in effect and with the reason.

    :raises NotPermitted: if the actor offers no special prices.
    :raises FilingMissing: if the filing is unknown or somebody else's.
    :raises FilingNotInEffect: if no order takes its price from it now.
    :raises PriceItemUnknown: if nothing is filed under the code.
    :raises SpecialPriceReasonMissing: if nothing says why (and the others of ``equal_terms.py``).
    :raises SpecialPriceOver: if its last day is over already.
    :raises SpecialPriceBuyerUnfit: if the buyer was not identified, or is the supplier.
    """
    actor.require("special_price:offer")
    filing = await pricing.find_by_id(tx, filing_id=offered.filing_id)
    if filing is None or filing.supplier_party_id != actor.party:
        raise pricing.FilingMissing
    offers.check_in_effect(filing)
    item = offers.item_of(filing, offered.price_item)
    equal_terms.check(
        item, quantity=offered.quantity, amount_fen=offered.amount_fen, reason=offered.reason
    )
    equal_terms.check_day(offered.valid_until, local_date(now))
    buyer = await identity.get_party(tx, PartyId(offered.buyer_party_id))
    if buyer.state is not PartyState.VERIFIED or buyer.id == actor.party:
        raise SpecialPriceBuyerUnfit
    price = SpecialPrice(
        id=SpecialPriceId(new_id()),
        state=State.OFFERED,
        filing_id=filing.id,
        product_id=filing.product_id,
        supplier_party_id=filing.supplier_party_id,
        buyer_party_id=buyer.id,
        price_item=item.code,
        quantity=offered.quantity,
        amount_fen=offered.amount_fen,
        filed_fen=equal_terms.filed_fen(item, offered.quantity),
        reason=offered.reason,
        valid_until=offered.valid_until,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, price)
    await _remember(tx, Happened.SPECIAL_PRICE_OFFERED, price, actor=actor, now=now)
    await _look_at(tx, price, actor=actor, now=now)
    return price


async def look_again(tx: Tx, *, actor: Actor, now: dt.datetime) -> None:
    """Look at every special price that can be used still; a part of what states a tie of parties.

    Who is found to be related after an offer was made has it held all the same (GD-18).
    """
    async with beyond_own_rows(tx):
        for price in await store.list_usable(tx, today=local_date(now)):
            await _look_at(tx, price, actor=actor, now=now)


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, special_price_id: uuid.UUID
) -> SpecialPrice:
    """Take back what was offered and not used (撤回).

    :raises NotPermitted: if the actor offers no special prices.
    :raises SpecialPriceMissing: if it is unknown or somebody else's.
    :raises SpecialPriceEventNotAllowed: if it was used or taken back.
    """
    actor.require("special_price:offer")
    before = await store.lock(tx, special_price_id)
    if before is None or before.supplier_party_id != actor.party:
        raise SpecialPriceMissing
    after = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.SPECIAL_PRICE_WITHDRAWN, after, actor=actor, now=now)
    return after


async def annul(
    tx: Tx, *, actor: Actor, now: dt.datetime, special_price_id: uuid.UUID
) -> SpecialPrice | None:
    """Take back what came of an auction that was declared void; a part of that command.

    None if it was used or taken back before: an order has its own end.
    """
    before = await store.lock(tx, special_price_id)
    if before is None or before.state is not State.OFFERED:
        return None
    after = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.SPECIAL_PRICE_WITHDRAWN, after, actor=actor, now=now)
    return after


async def use(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    special_price_id: uuid.UUID,
    filing: Filing,
    item: PriceItem,
    quantity: int,
) -> SpecialPrice:
    """Use the actor's special price for an order, once; a part of that command, which it remembers.

    :raises SpecialPriceMissing: if it is unknown or was offered to somebody else.
    :raises SpecialPriceEventNotAllowed: if it was used or taken back.
    :raises SpecialPriceOver: if its last day is over, or another filing is in effect.
    :raises SpecialPriceForAnother: if it is for another item or quantity.
    :raises RelatedDealingHeld: if the two are related, and the authority has not released it.
    """
    before = await store.lock(tx, special_price_id)
    if before is None or before.buyer_party_id != actor.party:
        raise SpecialPriceMissing
    equal_terms.check_use(
        before, filing_id=filing.id, item=item, quantity=quantity, today=local_date(now)
    )
    await _check_free(tx, before)
    return await _move(tx, before, Event.USE, now=now)


async def hold(tx: Tx, *, special_price_id: uuid.UUID) -> SpecialPrice:
    """Return a special price, locked, that can be used now; a part of the command that uses it.

    :raises SpecialPriceMissing: if it is unknown.
    :raises SpecialPriceEventNotAllowed: if it was used or taken back.
    :raises RelatedDealingHeld: if the two are related, and the authority has not released it.
    """
    found = await store.lock(tx, special_price_id)
    if found is None:
        raise SpecialPriceMissing
    advance(found.state, Event.USE)
    await _check_free(tx, found)
    return found


async def use_by_agreement(tx: Tx, *, now: dt.datetime, price: SpecialPrice) -> SpecialPrice:
    """Use a special price for an agreement that was concluded at it; the caller holds it."""
    return await _move(tx, price, Event.USE, now=now)


async def _look_at(tx: Tx, price: SpecialPrice, *, actor: Actor, now: dt.datetime) -> None:
    await dealings.look_at(
        tx,
        actor=actor,
        now=now,
        matter=Matter.SPECIAL_PRICE,
        matter_id=price.id,
        product_id=price.product_id,
        supplier=price.supplier_party_id,
        buyer=price.buyer_party_id,
    )


async def _check_free(tx: Tx, price: SpecialPrice) -> None:
    await affiliations.check_free(tx, matter=Matter.SPECIAL_PRICE, matter_id=price.id)


async def _move(tx: Tx, before: SpecialPrice, event: Event, *, now: dt.datetime) -> SpecialPrice:
    after = msgspec.structs.replace(
        before, state=advance(before.state, event), version=before.version + 1, updated_at=now
    )
    await store.update(tx, after)
    return after


async def _remember(
    tx: Tx, event: Happened, about: SpecialPrice, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("special_price", str(about.id)),
            Subject("filing", str(about.filing_id)),
            Subject("product", str(about.product_id)),
        ],
        facts={
            "price_item": about.price_item,
            "quantity": about.quantity,
            "amount_fen": about.amount_fen,
            "filed_fen": about.filed_fen,
            "buyer_party_id": about.buyer_party_id,
        },
        after={"state": about.state.value, "version": about.version},
        reason=about.reason,
        rules=("BJ-17", "GD-07"),
    )
