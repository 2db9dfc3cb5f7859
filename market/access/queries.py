"""Read licence grants: for the buyer, the supplier, staff and the regulator."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Tx
from market.access import store
from market.access.model import Grant


async def find_for_order(tx: Tx, *, order_id: uuid.UUID) -> Grant | None:
    """Return the grant of an order that the actor may see, or None."""
    return await store.find(tx, order_id)
