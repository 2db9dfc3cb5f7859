"""Bring together what an offer is held against: the product on offer, the buyer, the filed price."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products.model import DeliveryMode
from market.contracts import buying, constraints, price_duty, terms
from market.contracts import operations as agreements
from market.contracts import queries as contracts
from market.contracts.policy import PolicyOffer
from market.contracts.price_duty import Given
from market.contracts.terms import TermsWanted
from market.credit import queries as credit
from market.credit import sanctions
from market.credit.model import Standing
from market.negotiations.model import Negotiation, Role
from market.negotiations.states import Event
from market.pricing import ceilings
from market.pricing import queries as pricing
from market.pricing.model import Filing, UseCategory
from market.pricing.regimes import is_public
from market.special_prices import queries as special_prices
from market.special_prices import states as special_price_states


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer is held against at an instant."""

    product_id: uuid.UUID
    supplier: PartyId
    buyer: PartyId
    filing: Filing
    is_public_data: bool
    standing: Standing  # the buyer's record
    given: Given | None  # the special price that the buyer was offered, if it is by one
    now: dt.datetime

    def write(self, wanted: TermsWanted) -> PolicyOffer:
        """Return what one side asks for as an offer that may be made now.

        :raises OfferPriceNotFiled: if it asks for what is not filed (and the others of ``terms``).
        """
        offer = terms.write(
            wanted,
            self.filing,
            offer_id=new_id(),
            target=self.product_id.urn,
            recipient=self.buyer.urn,
            given=self.given,
        )
        self.check(offer)
        return offer

    def check(self, offer: PolicyOffer) -> None:
        """Return if an offer may be made and accepted now.

        :raises OfferPriceNotFiled: if its price is not the filed one (and the others of ``terms``).
        :raises RawExportForbidden: if it is for raw public data.
        :raises PartyBanned: if the buyer is banned by its record (``credit/sanctions.py``).
        """
        price = terms.check(
            offer, self.filing, recipient=self.buyer.urn, now=self.now, given=self.given
        )
        sanctions.check_order(self.standing, price.amount_fen)
        for mode in constraints.values_of(offer, constraints.CHANNEL) or ():
            buying.check_raw(mode=DeliveryMode(mode), is_public_data=self.is_public_data)


async def grounds(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    buyer: PartyId,
    use_category: UseCategory | None,
    special_price_id: uuid.UUID | None,
    now: dt.datetime,
) -> Grounds:
    """Return what an offer of this product to this buyer is held against.

    :raises ProductNotListed: if the product is not on offer now, or frozen, or unknown (and the
        others of ``contracts.get_on_offer``).
    :raises PricingFilingRequired: if no price is in effect for the use.
    :raises PriceAboveCeiling: if the price is above the ceiling of today (``ceilings.py``).
    :raises SpecialPriceMissing: if the special price was not offered by this supplier to this buyer.
    :raises SpecialPriceEventNotAllowed: if it was used, or taken back.
    """
    there = await contracts.get_on_offer(
        tx, product_id=product_id, buyer=buyer, modes=(), on=local_date(now)
    )
    filing = await pricing.find_effective(tx, product_id=product_id, use_category=use_category)
    if filing is None:
        raise buying.PricingFilingRequired
    ceilings.check(filing.terms, local_date(now))
    return Grounds(
        product_id=product_id,
        supplier=there.listing.supplier_party_id,
        buyer=buyer,
        filing=filing,
        standing=await credit.get_standing(tx, party_id=buyer, on=local_date(now)),
        given=await _given(
            tx, special_price_id, buyer=buyer, supplier=there.listing.supplier_party_id, now=now
        ),
        is_public_data=is_public(there.said.data_nature),
        now=now,
    )


async def grounds_of(
    tx: Tx, offer: PolicyOffer, *, product_id: uuid.UUID, buyer: PartyId, now: dt.datetime
) -> Grounds:
    """Return what an offer that is there is held against.

    :raises PolicyUnreadable: if it does not say for which use, or at which price (and the others
        of ``grounds``).
    """
    return await grounds(
        tx,
        product_id=product_id,
        buyer=buyer,
        use_category=terms.use_category_of(offer),
        special_price_id=price_duty.special_price_id(price_duty.read(offer)),
        now=now,
    )


async def check_holds(tx: Tx, of: Negotiation, event: Event, *, now: dt.datetime) -> None:
    """Return if what was agreed can still be signed: nothing of it was stopped meanwhile.

    :raises ProductNotListed: if the product is not on offer any more (and the others of
        ``contracts.get_on_offer``).
    :raises AgreementNotInForce: if the agreement that it follows was ended (and the others of
        ``contracts.check_succession``).
    :raises SpecialPriceEventNotAllowed: if its special price was used or taken back; from the
        finalization on the agreement holds.
    """
    is_consumer = of.copy.role is Role.CONSUMER
    buyer = of.party_id if is_consumer else of.other_party_id
    supplier = of.other_party_id if is_consumer else of.party_id
    await contracts.get_on_offer(
        tx, product_id=of.product_id, buyer=buyer, modes=(), on=local_date(now)
    )
    await agreements.check_succession(tx, of.copy.offer, buyer=buyer, supplier=supplier, now=now)
    if event is Event.FINALIZE:
        await agreements.hold_special_price(tx, of.copy.offer)


async def _given(
    tx: Tx,
    special_price_id: uuid.UUID | None,
    *,
    buyer: PartyId,
    supplier: PartyId,
    now: dt.datetime,
) -> Given | None:
    if special_price_id is None:
        return None
    found = await special_prices.find(tx, special_price_id=special_price_id)
    if found is None or (found.buyer_party_id, found.supplier_party_id) != (buyer, supplier):
        raise special_prices.SpecialPriceMissing
    special_price_states.advance(found.state, special_price_states.Event.USE)
    return Given(found, local_date(now))
