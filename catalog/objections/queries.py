"""Read objections: one's own as objector, those against one's own as registrant, all as staff."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
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
    return _as_seen(objection, viewer)


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
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    seen = [_as_seen(each, viewer) for each in found]
    if len(seen) <= limit:
        return Page(seen)
    return Page(seen[:limit], paging.encode(query, str(seen[limit - 1].id)))


def _as_seen(objection: Objection, viewer: Actor) -> Objection:
    """Return an objection as the viewer may see it: the other side's secrets by their digest only."""
    if viewer.clearance is not Clearance.PARTY or viewer.party_id == objection.objector_party_id:
        return objection
    return msgspec.structs.replace(
        objection,
        evidence=tuple(
            msgspec.structs.replace(each, file_name="") if each.is_confidential else each
            for each in objection.evidence
        ),
    )


async def list_of_application(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> list[Objection]:
    """Return the objections about an application that the viewer may see, the oldest first.

    :raises NotPermitted: if the viewer reads no objections.
    """
    viewer.require("objection:read")
    return await store.list_of_application(tx, application_id)


async def list_unreceived(tx: Tx, *, limit: int = 100) -> list[uuid.UUID]:
    """Return forwarded objections whose receipt was not proven yet."""
    return await store.list_unreceived(tx, limit=limit)


async def list_unanswered(tx: Tx, *, now: dt.datetime, limit: int = 100) -> list[uuid.UUID]:
    """Return the objections whose registrant has let the last day pass."""
    return await store.list_unanswered(tx, now=now, limit=limit)
