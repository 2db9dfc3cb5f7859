"""Read the chain and the approvals of one's own party; nobody else reads them, supervisors neither."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.approvals import chain, deciding, store
from market.approvals.model import Approval, Chain, Wanted
from market.approvals.states import State


async def get_chain(tx: Tx, *, viewer: Actor) -> Chain:
    """Return the chain of the viewer's own party.

    :raises NotPermitted: if the viewer reads no approvals.
    :raises Missing: if it has none.
    """
    viewer.require("approval:read")
    found = await store.find_chain(tx, viewer.party)
    if found is None:
        raise Missing
    return found


async def get(tx: Tx, *, viewer: Actor, approval_id: uuid.UUID) -> Approval:
    """Return an approval of the viewer's own party.

    :raises NotPermitted: if the viewer reads no approvals.
    :raises Missing: if it is unknown, or another party's.
    """
    viewer.require("approval:read")
    found = await store.find(tx, approval_id)
    if found is None or found.party_id != viewer.party:
        raise Missing
    return found


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    subject_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Approval]:
    """Return a page of one's own party's approvals, newest first.

    :raises NotPermitted: if the viewer reads no approvals.
    """
    viewer.require("approval:read")
    query = paging.fingerprint("approvals", str(viewer.party), str(subject_id), state)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE party_id = $1 AND ($2::uuid IS NULL OR subject_id = $2)
           AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        viewer.party,
        subject_id,
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.approval_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def is_to_be_asked(tx: Tx, *, viewer: Actor, now: dt.datetime, wanted: Wanted) -> bool:
    """Tell whether the viewer's chain asks for an approval of these terms that nobody asked for yet.

    :raises NotPermitted: if the viewer reads no approvals.
    """
    viewer.require("approval:read")
    laid_down = await store.find_chain(tx, viewer.party)
    if laid_down is None or not chain.applying(laid_down.steps, wanted.amount_fen):
        return False
    live = await store.find_live(
        tx,
        viewer.party,
        about=wanted.about,
        subject_id=wanted.subject_id,
        terms_sha256=wanted.terms_sha256,
    )
    return live is None or deciding.is_over(live, now)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
    """Return the approvals whose open step is over, for the job that notes it."""
    return await store.list_due(tx, now=now, limit=limit)
