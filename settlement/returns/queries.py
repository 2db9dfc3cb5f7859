"""Read refunds after the release."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Tx
from settlement.returns import store
from settlement.returns.model import Return, To


async def list_returns(tx: Tx, *, order_id: uuid.UUID) -> list[Return]:
    """Return the refunds of an order after its release, if row-level security shows its money."""
    found = await store.list_of_order(tx, order_id)
    return [each for each in found if each.what is To.REFUND]
