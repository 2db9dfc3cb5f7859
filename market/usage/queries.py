"""Read usage events: for both parties of the order, staff and the regulator."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Tx
from market.usage import store
from market.usage.model import StoredEvent

_BATCH = 1000


async def list_for_order(tx: Tx, *, order_id: uuid.UUID) -> list[StoredEvent]:
    """Return all events of an order that the actor may see, in their order."""
    found: list[StoredEvent] = []
    while True:
        after = found[-1].event.order_seq if found else 0
        batch = await store.list_for_order(tx, order_id, after_seq=after, limit=_BATCH)
        found += batch
        if len(batch) < _BATCH:
            return found


async def list_after(
    tx: Tx, *, order_id: uuid.UUID, after_seq: int, limit: int
) -> list[StoredEvent]:
    """Return at most ``limit`` events of an order that come after one of its numbers, in their order."""
    return await store.list_for_order(tx, order_id, after_seq=after_seq, limit=limit)
