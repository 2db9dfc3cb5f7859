"""Read anonymisation records: their supplier, their agency, the houses; and until when one counts."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from market.anonymisations import accepting, store
from market.anonymisations.model import Anonymisation


async def list_for_product(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> list[Anonymisation]:
    """Return the records of a product that the viewer may see, newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises ProductMissing: if there is no such product that the viewer may see.
    """
    viewer.require("anonymisation:read")
    if await products.find(tx, product_id=product_id) is None:
        raise ProductMissing
    rows = await tx.fetch(
        store.SELECT + " WHERE product_id = $1 ORDER BY id DESC LIMIT 1000", product_id
    )
    return [store.anonymisation_of(row) for row in rows]


async def is_anonymised(tx: Tx, *, product_id: uuid.UUID, version: int, today: dt.date) -> bool:
    """Tell whether this content needs nobody's consent today."""
    valid_to = await tx.fetch_value(
        """
        SELECT valid_to FROM market.anonymised_versions
         WHERE product_id = $1 AND product_version = $2""",
        product_id,
        version,
    )
    return accepting.counts(valid_to, today)
