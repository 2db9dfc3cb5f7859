"""Read holds."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.holds import store
from settlement.holds.model import Hold, Reason


class HoldMissing(Missing):
    """There is no such hold."""

    code = "hold_not_found"


async def get_hold(tx: Tx, key: uuid.UUID) -> Hold:
    """Return a hold.

    :raises HoldMissing: if there is none, or row-level security hides it.
    """
    row = await tx.fetch_one(f"{store.SELECT} WHERE h.key = $1", key)
    if row is None:
        raise HoldMissing(key=str(key))
    return store.hold(row)


async def list_holds(
    tx: Tx, *, order_id: uuid.UUID, reason: Reason | None = None, limit: int = 1_000
) -> list[Hold]:
    """Return what is and was held for an order, the first one first."""
    rows = await tx.fetch(
        f"""{store.SELECT} WHERE h.order_id = $1 AND ($2::text IS NULL OR h.reason = $2)
            ORDER BY h.placed_at, h.key LIMIT $3""",
        order_id,
        None if reason is None else str(reason),
        limit,
    )
    return [store.hold(row) for row in rows]


async def find_standing(tx: Tx, *, order_id: uuid.UUID, reason: Reason) -> Hold | None:
    """Return what is held for an order and this reason just now, or None."""
    held = await list_holds(tx, order_id=order_id, reason=reason)
    return next((each for each in reversed(held) if each.closed_at is None), None)


async def list_run_out(tx: Tx, *, now: dt.datetime, reason: Reason, limit: int) -> list[uuid.UUID]:
    """Return the keys of holds whose time is over, the one that ended first first."""
    rows = await tx.fetch(
        """SELECT key FROM settlement.holds
            WHERE state = 'held' AND expires_at <= $1 AND reason = $2
            ORDER BY expires_at, key LIMIT $3""",
        now,
        str(reason),
        limit,
    )
    return [row["key"] for row in rows]
