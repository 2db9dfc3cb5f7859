"""Read write-offs: for who keeps the books and who supervises them."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from settlement.write_offs import store
from settlement.write_offs.model import WriteOff
from settlement.write_offs.states import State


async def get_write_off(tx: Tx, *, viewer: Actor, write_off_id: uuid.UUID) -> WriteOff:
    """Return one write-off.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none.
    """
    viewer.require("write_off:read")
    found = await store.find(tx, write_off_id)
    if found is None:
        raise Missing
    return found


async def list_write_offs(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[WriteOff]:
    """Return a page of write-offs, the newest first; those in one state if named.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("write_off:read")
    query = paging.fingerprint("write_offs", str(state))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.write_off_of(row) for row in rows], limit)
