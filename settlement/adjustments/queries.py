"""Read adjustments: for who keeps the books and who supervises them."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from settlement.adjustments import store
from settlement.adjustments.model import Adjustment
from settlement.adjustments.states import State


async def get_adjustment(tx: Tx, *, viewer: Actor, adjustment_id: uuid.UUID) -> Adjustment:
    """Return one adjustment.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none.
    """
    viewer.require("adjustment:read")
    row = await tx.fetch_one(f"{store.SELECT} WHERE id = $1", adjustment_id)
    if row is None:
        raise Missing
    return store.adjustment_of(row)


async def list_adjustments(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Adjustment]:
    """Return a page of adjustments, the newest first; those in one state if named.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("adjustment:read")
    query = paging.fingerprint("adjustments", str(state))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.adjustment_of(row) for row in rows], limit)
