"""Read collections: everybody those that are published, their curators all of their own."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.collections import store
from market.collections.model import Collection, Head
from market.collections.states import State


class CollectionMissing(Missing):
    """There is no such collection, or none that this actor may know of."""

    code = "not_found"


async def list_published(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Head]:
    """Return the collections that are published, the newest first.

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    return await _page(tx, None, limit=limit, cursor=cursor)


async def list_own(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Head]:
    """Return the collections that the viewer's party curates, drafts among them.

    :raises NotPermitted: if the viewer curates none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("collection:curate")
    return await _page(tx, viewer.party, limit=limit, cursor=cursor)


async def list_of_product(tx: Tx, *, product_id: uuid.UUID, limit: int) -> list[Head]:
    """Return the published collections in which a product stands, without their covers."""
    return await store.list_of_product(tx, product_id, limit=limit)


async def get(tx: Tx, *, collection_id: uuid.UUID) -> Collection:
    """Return a collection with what stands in it; of one that was withdrawn only why.

    :raises CollectionMissing: if there is none that the actor may see.
    """
    head = await store.find(tx, collection_id)
    if head is None:
        raise CollectionMissing
    is_shown = head.state is not State.WITHDRAWN
    return Collection(head=head, entries=await store.list_entries(tx, head.id) if is_shown else [])


async def get_own(tx: Tx, *, viewer: Actor, collection_id: uuid.UUID) -> Collection:
    """Return a collection that the viewer's party curates.

    :raises NotPermitted: if the viewer curates none.
    :raises CollectionMissing: if there is none, or it is somebody else's.
    """
    viewer.require("collection:curate")
    found = await get(tx, collection_id=collection_id)
    if found.head.owner_party_id != viewer.party:
        raise CollectionMissing
    return found


async def _page(tx: Tx, owner: uuid.UUID | None, *, limit: int, cursor: str | None) -> Page[Head]:
    query = paging.fingerprint("collections", str(owner))
    found = await store.list_page(
        tx,
        owner_party_id=owner,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)
