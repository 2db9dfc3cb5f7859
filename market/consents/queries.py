"""Read consents: their holder its own, the houses all, and what they come to whoever decides."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from market.consents import grounds, store
from market.consents.model import Consent


async def list_consents(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Consent]:
    """Return a page of the consents for a product, newest first.

    :raises NotPermitted: if the viewer reads no consents.
    :raises ProductMissing: if there is no such product that the viewer may see.
    """
    viewer.require("consent:read")
    if await products.find(tx, product_id=product_id) is None:
        raise ProductMissing
    holder = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("consents", str(product_id), str(holder))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE product_id = $1 AND ($2::uuid IS NULL OR holder_party_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        product_id,
        holder,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.consent_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def allow(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    version: int,
    scenario: str,
    purpose: str,
    recipient: uuid.UUID,
    today: dt.date,
) -> bool:
    """Tell whether the consents for a use of this content allow it today."""
    found = await store.find_grounds(
        tx, product_id=product_id, scenario=scenario, recipient=recipient
    )
    return grounds.allow(found, version=version, purpose=purpose, today=today)


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return consents that stand and whose last day is past."""
    return await store.list_over(tx, today=today, limit=limit)
