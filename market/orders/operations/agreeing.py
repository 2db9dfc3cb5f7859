"""Say what an order costs: the filed price in force, or the one that its buyer was offered (价款)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from market.contracts import price_duty
from market.contracts.constraints import TermsNotMet
from market.contracts.price_duty import PriceDuty
from market.orders import queries as orders
from market.orders import scope
from market.orders.model import GivenPrice
from market.pricing import ceilings, compute, offers, taxes
from market.pricing import queries as pricing
from market.pricing.model import Filing, PriceItem
from market.special_prices import equal_terms
from market.special_prices import operations as special_prices
from settlement.taxes import disk as tax_table


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What one order costs, and by what."""

    item: PriceItem
    amount_fen: int
    bought_before: int = 0
    special_price: GivenPrice | None = None


async def agree(
    tx: Tx,
    filing: Filing,
    *,
    actor: Actor,
    now: dt.datetime,
    price_item: str,
    quantity: int,
    expected_fen: int | None,
    special_price_id: uuid.UUID | None,
    agreed_price: PriceDuty | None = None,
) -> Agreed:
    """Return what the quantity costs this buyer; a part of the command that places the order.

    What was agreed at a special price costs that: the agreement has used it.

    :raises PriceAboveCeiling: if the price is above the ceiling that is in force today.
    :raises GuidedPriceReferenceMissing: if no ceiling is in force for a guided price any more.
    :raises PriceItemUnknown: if nothing is filed under the code.
    :raises TrialUsedBefore: if it is a trial, and not the buyer's first.
    :raises TaxRateNotInForce: if the rate of its tax has ended since it was filed.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    :raises QuotationRequired: if the item has no price but a special one.
    :raises SpecialPriceMissing: if the special price was offered to nobody, or somebody else (and
        the others of ``special_prices``).
    :raises PriceDiffers: if the buyer expected another amount.
    :raises TermsNotMet: if another special price is named than was agreed.
    """
    laid_down = await pricing.list_ceilings(tx, product_id=filing.product_id)
    ceilings.check(filing.terms, local_date(now), laid_down)
    item = offers.item_of(filing, price_item)
    taxes.check_sold(item, local_date(now), tax_table.read_rates())
    before = await orders.count_bought_before(tx, item, filing, buyer=actor.party)
    scope.check_trial(item, before)
    if agreed_price is not None and agreed_price.special_price is not None:
        agreed = _as_agreed(agreed_price, item, quantity, special_price_id)
    elif special_price_id is None:
        amount_fen = compute.price_fen(item, quantity, bought_before=before)
        agreed = Agreed(item=item, amount_fen=amount_fen, bought_before=before)
    else:
        given = await special_prices.use(
            tx,
            actor=actor,
            now=now,
            special_price_id=special_price_id,
            filing=filing,
            item=item,
            quantity=quantity,
        )
        agreed = Agreed(
            item=item,
            amount_fen=given.amount_fen,
            special_price=GivenPrice(given.id, given.reason),
        )
    scope.check_expected(agreed.amount_fen, expected_fen)
    return agreed


def _as_agreed(
    price: PriceDuty, item: PriceItem, quantity: int, wanted_id: uuid.UUID | None
) -> Agreed:
    special_price_id = price_duty.special_price_id(price)
    assert special_price_id is not None, "the caller has asked"
    if wanted_id not in (None, special_price_id):
        raise TermsNotMet(operands=[price_duty.SPECIAL_PRICE])
    reason = price.reason or ""
    # The filing may be another by now, and the quantity another than was agreed.
    equal_terms.check(item, quantity=quantity, amount_fen=price.amount_fen, reason=reason)
    return Agreed(
        item=item,
        amount_fen=price.amount_fen,
        special_price=GivenPrice(special_price_id, reason),
    )
