"""Read special prices: those of one's own party, all for staff and the supervisor."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.special_prices import store
from market.special_prices.model import SpecialPrice


class SpecialPriceMissing(Missing):
    """There is no such special price, or none that this actor may know of."""


async def find(tx: Tx, *, special_price_id: uuid.UUID) -> SpecialPrice | None:
    """Return a special price for a room above, if row-level security shows it to who acts."""
    return await store.find(tx, special_price_id)


async def list_special_prices(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[SpecialPrice]:
    """Return a page of special prices, newest first: offered by or to one's party, or all.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("special_price:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("special_prices", str(party), str(product_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR $1 IN (buyer_party_id, supplier_party_id))
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        party,
        product_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.price_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)
