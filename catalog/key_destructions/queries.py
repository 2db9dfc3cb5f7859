"""Read the proposals to destroy keys: for the administrators."""

from __future__ import annotations

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.key_destructions import store
from catalog.key_destructions.model import KeyDestruction
from catalog.key_destructions.states import State


class KeyDestructionMissing(Missing):
    """There is no such proposal."""

    code = "not_found"


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[KeyDestruction]:
    """Return proposals, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("key_destruction:read")
    paging.check_limit(limit)
    query = paging.fingerprint("key_destructions", state)
    found = await store.list_page(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=limit + 1,
    )
    return paging.page_by_id(query, found, limit)
