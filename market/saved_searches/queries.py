"""Read one's own saved searches, and what they found since. Nobody reads another's."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId
from catalog.kernel.paging import Page
from market.saved_searches import store
from market.saved_searches.keeping import LOOKED_EVERY
from market.saved_searches.model import Match, SavedSearch


class SavedSearchMissing(Missing):
    """There is no such search, or it is somebody else's."""

    code = "not_found"


def owner(actor: Actor) -> AccountId:
    """Return whose searches the actor keeps.

    :raises NotPermitted: if it keeps none.
    """
    actor.require("search:save")
    assert actor.account_id is not None, "only accounts have this permission"
    return actor.account_id


async def list_mine(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[SavedSearch]:
    """Return one's own searches, the newest first.

    :raises NotPermitted: if the viewer keeps none.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    account_id = owner(viewer)
    query = paging.fingerprint("saved_searches", str(account_id))
    before = paging.decode_id(query, cursor)
    found = await store.list_of(tx, account_id, before=before, limit=paging.check_limit(limit) + 1)
    return paging.page_by_id(query, found, limit)


async def get_mine(tx: Tx, *, viewer: Actor, saved_search_id: uuid.UUID) -> SavedSearch:
    """Return one's own saved search.

    :raises NotPermitted: if the viewer keeps none.
    :raises SavedSearchMissing: if it is unknown or somebody else's.
    """
    found = await store.find(tx, saved_search_id, owner(viewer))
    if found is None:
        raise SavedSearchMissing
    return found


async def list_matches(
    tx: Tx,
    *,
    viewer: Actor,
    saved_search_id: uuid.UUID,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Match]:
    """Return the products that came to answer one's own search since it was saved, newest first.

    :raises NotPermitted: if the viewer keeps no searches.
    :raises SavedSearchMissing: if it is unknown or somebody else's.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    if await store.find(tx, saved_search_id, owner(viewer)) is None:
        raise SavedSearchMissing
    query = paging.fingerprint("saved_search_matches", str(saved_search_id))
    found = await store.list_matches(
        tx, saved_search_id, after=_after(query, cursor), limit=paging.check_limit(limit) + 1
    )
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = paging.encode(query, last.found_at, str(last.product_id))
    return Page(found[:limit], more)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the searches into which is to be looked again."""
    return await store.list_due(tx, before=now - LOOKED_EVERY, limit=limit)


def _after(query: str, cursor: str | None) -> tuple[dt.datetime, uuid.UUID] | None:
    position = paging.decode(query, cursor, 2)
    if position is None:
        return None
    try:
        return msgspec.convert(position, tuple[dt.datetime, uuid.UUID])
    except msgspec.ValidationError as error:
        raise paging.CursorUnreadable from error
