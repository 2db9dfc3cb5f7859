"""Read negotiations: one's own copies, and for staff and regulator those of both sides."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.negotiations import store
from market.negotiations.model import Exchanged, Negotiation
from market.negotiations.states import State


async def get(tx: Tx, *, viewer: Actor, negotiation_id: uuid.UUID) -> Negotiation:
    """Return a copy to the side whose it is, to staff and to the regulator.

    :raises NotPermitted: if the viewer reads no negotiations.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("negotiation:read")
    found = await store.find(tx, negotiation_id)
    if found is None or not _may_see(viewer, found):
        raise Missing
    return found


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Negotiation]:
    """Return a page of copies, newest first: one's own, or all for staff and regulator.

    :raises NotPermitted: if the viewer reads no negotiations.
    """
    viewer.require("negotiation:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("negotiations", str(party), str(product_id), state)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR n.party_id = $1)
           AND ($2::uuid IS NULL OR n.product_id = $2)
           AND ($3::text IS NULL OR n.state = $3)
           AND ($4::uuid IS NULL OR n.id < $4)
         ORDER BY n.id DESC LIMIT $5""",
        party,
        product_id,
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.negotiation_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def list_messages(tx: Tx, *, viewer: Actor, negotiation_id: uuid.UUID) -> list[Exchanged]:
    """Return all that was said, as this side kept it, with what became of each message.

    :raises Missing: if there is no copy that the viewer may see.
    """
    await get(tx, viewer=viewer, negotiation_id=negotiation_id)
    return await store.list_messages(tx, negotiation_id)


def _may_see(viewer: Actor, found: Negotiation) -> bool:
    return viewer.sees_all or viewer.party_id == found.party_id
