"""Read evaluations: operator and bureau all of them, an agency its own once they are made."""

from __future__ import annotations

import uuid

from catalog.agency_evaluation import store
from catalog.agency_evaluation.model import Evaluation
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page


async def get(tx: Tx, *, viewer: Actor, evaluation_id: uuid.UUID) -> Evaluation:
    """Return an evaluation.

    :raises NotPermitted: if the viewer reads no evaluations.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("agency_evaluation:read")
    found = await store.find(tx, evaluation_id)
    if found is None:
        raise Missing
    return found


async def list_page(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Evaluation]:
    """Return a page of evaluations, the newest first.

    :raises NotPermitted: if the viewer reads no evaluations.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("agency_evaluation:read")
    query = paging.fingerprint("agency-evaluations")
    found = await store.list_page(
        tx, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    return paging.page_by_id(query, found, limit)
