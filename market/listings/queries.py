"""Read listings: one's own, all for staff, and what is on offer for everyone."""

from __future__ import annotations

import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.listings import store
from market.listings.model import Listing, TargetedOffer


class ListingMissing(Missing):
    """There is no such listing, or none that this actor may know of."""


async def find_listed(tx: Tx, *, product_id: uuid.UUID) -> Listing | None:
    """Return the product's listing if it is on offer now, or None."""
    row = await tx.fetch_one(
        store.SELECT + " WHERE product_id = $1 AND state = 'listed'", product_id
    )
    return None if row is None else store.listing_of(row)


async def reaches(tx: Tx, *, listing: Listing, party: PartyId) -> bool:
    """Tell whether an offer is for this party: for everybody, or for some of whom it is one."""
    return listing.is_for_everybody or await store.addresses(tx, listing.id, party)


async def is_offered_to(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> bool:
    """Tell whether a product is offered to the viewer's party now, and not to everybody."""
    if viewer.party_id is None:
        return False
    listing = await find_listed(tx, product_id=product_id)
    return (
        listing is not None
        and not listing.is_for_everybody
        and await store.addresses(tx, listing.id, viewer.party)
    )


async def list_offered_to(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[TargetedOffer]:
    """Return a page of what is offered to the viewer's party and not to everybody, newest first.

    To whom else it is offered is not told.

    :raises NotPermitted: if the viewer reads no such offers.
    """
    viewer.require("targeted_offer:read")
    query = paging.fingerprint("targeted_offers", str(viewer.party))
    rows = await tx.fetch(
        """
        SELECT l.id, l.product_id, p.name AS product_name, l.supplier_party_id,
               l.listed_at
          FROM market.listings l JOIN catalog.products p ON p.id = l.product_id
         WHERE l.state = 'listed' AND l.audience IS NOT NULL
           AND market.addresses(l.audience, $1) AND ($2::uuid IS NULL OR l.id < $2)
         ORDER BY l.id DESC LIMIT $3""",
        viewer.party,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [msgspec.convert(dict(row), TargetedOffer) for row in rows]
    return paging.page_by_id(query, found, limit)


async def find_offered(tx: Tx, *, product_id: uuid.UUID) -> Listing | None:
    """Return the product's listing if it is on offer, or was and may be resumed, or None."""
    row = await tx.fetch_one(
        store.SELECT + " WHERE product_id = $1 AND state IN ('listed', 'suspended')", product_id
    )
    return None if row is None else store.listing_of(row)


async def list_for_product(tx: Tx, *, product_id: uuid.UUID) -> list[Listing]:
    """Return every listing of a product, oldest first, as the supervisor's trace shows them."""
    rows = await tx.fetch(
        store.SELECT + " WHERE product_id = $1 ORDER BY id LIMIT 1000", product_id
    )
    return [store.listing_of(row) for row in rows]


async def list_listings(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    state: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Listing]:
    """Return a page of listings, newest first: one's own, or all for staff and regulator.

    :raises NotPermitted: if the viewer reads no listings.
    """
    viewer.require("listing:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("listings", str(party), str(product_id), state)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR supplier_party_id = $1)
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::text IS NULL OR state = $3)
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        party,
        product_id,
        state,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.listing_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)
