"""Bring together what an offer is held against: the product on offer, the buyer, the filed price."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products.model import DeliveryMode
from market.contracts import buying, constraints, terms
from market.contracts import queries as contracts
from market.contracts.policy import PolicyOffer
from market.contracts.terms import TermsWanted
from market.credit import queries as credit
from market.credit import sanctions
from market.credit.model import Standing
from market.pricing import ceilings
from market.pricing import queries as pricing
from market.pricing.model import Filing, UseCategory
from market.pricing.regimes import is_public


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer is held against at an instant."""

    product_id: uuid.UUID
    supplier: PartyId
    buyer: PartyId
    filing: Filing
    is_public_data: bool
    standing: Standing  # the buyer's record
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
        )
        self.check(offer)
        return offer

    def check(self, offer: PolicyOffer) -> None:
        """Return if an offer may be made and accepted now.

        :raises OfferPriceNotFiled: if its price is not the filed one (and the others of ``terms``).
        :raises RawExportForbidden: if it is for raw public data.
        :raises PartyBanned: if the buyer is banned by its record (``credit/sanctions.py``).
        """
        price = terms.check(offer, self.filing, recipient=self.buyer.urn, now=self.now)
        sanctions.check_order(self.standing, price.amount_fen)
        for mode in constraints.values_of(offer, constraints.CHANNEL) or ():
            buying.check_raw(mode=DeliveryMode(mode), is_public_data=self.is_public_data)


async def grounds(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    buyer: PartyId,
    use_category: UseCategory | None,
    now: dt.datetime,
) -> Grounds:
    """Return what an offer of this product to this buyer is held against.

    :raises ProductNotListed: if the product is not on offer now, or frozen, or unknown (and the
        others of ``contracts.get_on_offer``).
    :raises PricingFilingRequired: if no price is in effect for the use.
    :raises PriceAboveCeiling: if the price is above the ceiling of today (``ceilings.py``).
    """
    there = await contracts.get_on_offer(tx, product_id=product_id, buyer=buyer, modes=())
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
        is_public_data=is_public(there.said.data_nature),
        now=now,
    )
