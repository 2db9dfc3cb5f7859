"""Read legal instruments: staff and regulator all, a party those that concern it."""

from __future__ import annotations

import uuid

from catalog.instruments import store
from catalog.instruments.model import Instrument
from catalog.instruments.states import State
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page


async def get(tx: Tx, *, viewer: Actor, instrument_id: uuid.UUID) -> Instrument:
    """Return one instrument.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("instrument:read")
    found = await store.find(tx, instrument_id)
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
) -> Page[Instrument]:
    """Return a page of the instruments that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("instrument:read")
    query = paging.fingerprint("instruments", state)
    found = await store.list_page(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], paging.encode(query, str(found[limit - 1].id)))


async def list_of_application(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> list[Instrument]:
    """Return the instruments about a case and its certificates that the viewer may see, oldest first.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("instrument:read")
    return await store.list_of_application(tx, application_id)
