"""Read proposals to lower a level: one's own, and all for the operator and the authority."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.reclassifications import store
from catalog.reclassifications.model import ReclassificationRecord
from catalog.reclassifications.states import State


class ReclassificationMissing(Missing):
    """There is no such proposal, or none that this actor may know of."""

    code = "not_found"


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ReclassificationRecord]:
    """Return proposals, the newest first; a supplier's are its own.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("reclassification:read")
    paging.check_limit(limit)
    query = paging.fingerprint("reclassifications", str(product_id), state)
    found = await store.list_page(
        tx,
        product_id=product_id,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=limit + 1,
    )
    return paging.page_by_id(query, found, limit)
