"""Read retention money."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.retentions import store
from settlement.retentions.model import Retention


class RetentionMissing(Missing):
    """Nothing is or was kept of this order, or the actor may not know of it."""


async def find(tx: Tx, order_id: uuid.UUID) -> Retention | None:
    """Return what is or was kept of an order, or None."""
    return await store.find(tx, order_id)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the orders whose retention money is to be freed, the one that is due longest first."""
    return await store.list_due(tx, now=now, limit=limit)


async def list_own(tx: Tx, *, viewer: Actor, book: str, limit: int = 1_000) -> list[Retention]:
    """Return what is and was kept from the viewer's party in a book: what is kept still first.

    :raises NotPermitted: if the viewer reads no statements.
    """
    viewer.require("account_statement:read")
    return await store.list_of_party(tx, viewer.party, book=book, limit=limit)
