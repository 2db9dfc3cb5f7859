"""Read what stands before any contract: the product on offer, and whether this buyer may have it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.products import queries as products
from catalog.products.model import Content, DeliveryMode, Description, Product
from market.access.grants import AuthorisationCutOff
from market.contracts import buying
from market.cut_offs import queries as cut_offs
from market.identity import queries as identity
from market.identity.model import Capacity, Party
from market.identity.states import State as PartyState
from market.listings import queries as listings
from market.listings.model import Listing
from market.pricing.regimes import is_public
from market.zones import queries as zones


class OnOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product that is on offer now to a buyer who may have it."""

    listing: Listing
    product: Product
    said: Description
    content: Content
    buyer: Party


async def get_on_offer(
    tx: Tx, *, product_id: uuid.UUID, buyer: PartyId, modes: Iterable[DeliveryMode]
) -> OnOffer:
    """Return a product that this buyer may have now, in these manners of use.

    :raises ProductNotListed: if it is not on offer, or frozen, or unknown.
    :raises BuyerNotVerified: if the buyer was not identified (and the others of ``buying.py``).
    :raises RawExportForbidden: if raw public data are asked for.
    :raises AuthorisationCutOff: if the product or one of the two is cut off.
    """
    listing = await listings.find_listed(tx, product_id=product_id)
    product = await products.find(tx, product_id=product_id)
    if listing is None or product is None:
        raise buying.ProductNotListed
    if product.description is None or product.content is None:
        raise buying.ProductNotListed
    is_public_data = is_public(product.description.data_nature)
    party = await identity.get_party(tx, buyer)
    buying.check_buyer(
        buyer=buyer,
        supplier=product.supplier_party_id,
        is_verified=party.state is PartyState.VERIFIED,
        is_operator=await operates(tx, party, product.id),
        is_public_data=is_public_data,
    )
    for mode in modes:
        buying.check_raw(mode=mode, is_public_data=is_public_data)
    if await cut_offs.is_cut_off(tx, product.id, buyer, listing.supplier_party_id):
        raise AuthorisationCutOff
    return OnOffer(
        listing=listing,
        product=product,
        said=product.description,
        content=product.content,
        buyer=party,
    )


async def operates(tx: Tx, buyer: Party, product_id: uuid.UUID) -> bool:
    """Tell whether the buyer operates the market, or the zone in which the product stands (A47)."""
    if Capacity.SUPERMARKET_OPERATOR in buyer.capacities:
        return True
    return await zones.find_operator(tx, product_id=product_id) == buyer.id
