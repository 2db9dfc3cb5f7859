"""Read refunds after the release."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Tx
from settlement.returns import store
from settlement.returns.model import Return


async def list_returns(tx: Tx, *, order_id: uuid.UUID) -> list[Return]:
    """Return the refunds of an order after its release, if row-level security shows its money."""
    return await store.list_of_order(tx, order_id)
