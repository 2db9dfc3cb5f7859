"""Read incidents and drills: the head of office of the operator, and the authority."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.incidents import store
from market.incidents.model import Drill, Incident
from market.incidents.states import State


async def get(tx: Tx, *, viewer: Actor, incident_id: uuid.UUID) -> Incident:
    """Return one incident.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("incident:read")
    found = await store.find(tx, incident_id)
    if found is None:
        raise Missing
    return found


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Incident]:
    """Return a page of incidents, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("incident:read")
    query = paging.fingerprint("incidents", state)
    found = await store.list_page(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_drills(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Drill]:
    """Return a page of drills, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("incident:read")
    query = paging.fingerprint("drills")
    found = await store.list_drills(
        tx, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    return paging.page_by_id(query, found, limit)
