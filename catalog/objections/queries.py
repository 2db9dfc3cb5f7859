"""Read objections: one's own as objector, those against one's own as registrant, all as staff."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.objections import store
from catalog.objections.model import Objection
from catalog.objections.states import State


async def get(tx: Tx, *, viewer: Actor, objection_id: uuid.UUID) -> Objection:
    """Return one objection.

    :raises NotPermitted: if the viewer reads no objections.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("objection:read")
    objection = await store.find(tx, objection_id)
    if objection is None:
        raise Missing
    return objection


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Objection]:
    """Return a page of the objections that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no objections.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("objection:read")
    query = paging.fingerprint("objections", state)
    found = await store.list_page(
        tx,
        state=state,
        before=_before(paging.decode(query, cursor, 1)),
        limit=paging.check_limit(limit) + 1,
    )
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], paging.encode(query, str(found[limit - 1].id)))


async def list_of_application(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> list[Objection]:
    """Return the objections about an application that the viewer may see, the oldest first.

    :raises NotPermitted: if the viewer reads no objections.
    """
    viewer.require("objection:read")
    return await store.list_of_application(tx, application_id)


async def list_unanswered(tx: Tx, *, today: dt.date, limit: int = 100) -> list[uuid.UUID]:
    """Return the objections whose registrant has let the last day pass."""
    return await store.list_unanswered(tx, today=today, limit=limit)


def _before(position: list[object] | None) -> uuid.UUID | None:
    if position is None:
        return None
    try:
        return uuid.UUID(str(position[0]))
    except ValueError as error:
        raise CursorUnreadable from error
