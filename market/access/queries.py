"""Read licence grants: for the buyer, the supplier, staff and the regulator."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Row, Tx
from market.access import store
from market.access.model import Grant


async def find_for_order(tx: Tx, *, order_id: uuid.UUID) -> Grant | None:
    """Return the grant of an order that the actor may see, or None."""
    return await store.find(tx, order_id)


def columns(table: str) -> str:
    """Return the columns of a grant, for who reads one together with its order."""
    return ", ".join(f"{table}.{column}" for column in store.COLUMNS)


def grant_of(row: Row) -> Grant:
    """Return the grant in a row that has these columns."""
    return store.grant_of(row)
