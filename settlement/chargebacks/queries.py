"""Read charge-backs."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.chargebacks import store
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.states import State


class ChargebackMissing(Missing):
    """There is no such charge-back."""


async def get_chargeback(tx: Tx, *, viewer: Actor, chargeback_id: uuid.UUID) -> Chargeback:
    """Return a charge-back.

    :raises NotPermitted: if the viewer reads none.
    :raises ChargebackMissing: if there is none, or row-level security hides it.
    """
    viewer.require("chargeback:read")
    row = await tx.fetch_one(f"{store.SELECT} WHERE id = $1", chargeback_id)
    if row is None:
        raise ChargebackMissing
    return store.case(row)


async def list_chargebacks(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> paging.Page[Chargeback]:
    """Return a page of charge-backs, the oldest first.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("chargeback:read")
    paging.check_limit(limit)
    query = paging.fingerprint("chargebacks", None if state is None else str(state))
    after = paging.decode_id(query, cursor)
    rows = await tx.fetch(
        f"""{store.SELECT}
            WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id > $2)
            ORDER BY id LIMIT $3""",
        None if state is None else str(state),
        after,
        limit + 1,
    )
    items = [store.case(row) for row in rows[:limit]]
    more = len(rows) > limit
    return paging.Page(items, paging.encode(query, str(items[-1].id)) if more else None)


async def has_standing(tx: Tx, order_id: uuid.UUID) -> bool:
    """Tell whether a charge-back of an order is undecided."""
    return bool(
        await tx.fetch_value(
            """SELECT EXISTS (SELECT FROM settlement.chargebacks
                               WHERE order_id = $1 AND state IN ('opened', 'contested'))""",
            order_id,
        )
    )


async def list_lapsing(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the charge-backs that nobody contested in time, the longest ago first."""
    rows = await tx.fetch(
        """SELECT id FROM settlement.chargebacks WHERE state = 'opened' AND contest_until <= $1
            ORDER BY contest_until, id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]
