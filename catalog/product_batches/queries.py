"""Read batches: how far they are, and what became of their rows. Only their supplier does."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.product_batches import store
from catalog.product_batches.model import Batch, Outcome, RowResult


async def get(tx: Tx, *, viewer: Actor, batch_id: uuid.UUID) -> Batch:
    """Return a batch of the viewer's party.

    :raises NotPermitted: if the viewer describes no products.
    :raises Missing: if it is unknown or somebody else's, or the viewer acts for some products only.
    """
    viewer.require("product:describe")
    found = await store.find(tx, batch_id)
    if found is None or found.supplier_party_id != viewer.party or viewer.acting_on is not None:
        raise Missing
    return found


async def list_own(tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None) -> Page[Batch]:
    """Return the batches of the viewer's party, newest first.

    :raises NotPermitted: if the viewer describes no products.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("product:describe")
    paging.check_limit(limit)
    query = paging.fingerprint("product_batches", str(viewer.party))
    before = paging.decode_id(query, cursor)
    if viewer.acting_on is not None:
        return Page([], None)
    found = await store.list_of_supplier(tx, viewer.party, before=before, limit=limit + 1)
    return paging.page_by_id(query, found, limit)


async def list_rows(
    tx: Tx,
    *,
    viewer: Actor,
    batch_id: uuid.UUID,
    outcome: Outcome | None,
    limit: int,
    cursor: str | None = None,
) -> Page[RowResult]:
    """Return what became of the rows of a batch, in their order.

    :raises Missing: as ``get``.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    paging.check_limit(limit)
    batch = await get(tx, viewer=viewer, batch_id=batch_id)
    query = paging.fingerprint("product_batch_rows", str(batch.id), outcome or "")
    position = paging.decode(query, cursor, 1)
    if position is not None and not isinstance(position[0], int):
        raise CursorUnreadable
    after = 0 if position is None else position[0]
    found = await store.list_rows(tx, batch.id, outcome=outcome, after=after, limit=limit + 1)
    following = paging.encode(query, found[limit - 1].number) if len(found) > limit else None
    return Page(found[:limit], following)


async def list_refused(
    tx: Tx, *, viewer: Actor, batch_id: uuid.UUID, after: int, limit: int
) -> list[RowResult]:
    """Return refused rows beyond a number, for a report.

    :raises Missing: as ``get``.
    """
    batch = await get(tx, viewer=viewer, batch_id=batch_id)
    return await store.list_rows(tx, batch.id, outcome=Outcome.REFUSED, after=after, limit=limit)
