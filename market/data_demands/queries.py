"""Read what was answered: everybody; the demands themselves, the houses; one's own, by its secret."""

from __future__ import annotations

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.data_demands import store
from market.data_demands.model import Answered, Demand, LookedUp
from market.data_demands.states import State


class DataDemandMissing(Missing):
    """There is no such demand, or none that this actor may know of."""

    code = "not_found"


async def list_answers(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Answered]:
    """Return what was answered, the newest first.

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("data_demand_answers")
    found = await store.list_answers(
        tx, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    more = len(found) > limit
    following = paging.encode(query, str(found[limit - 1].demand_id)) if more else None
    return Page(found[:limit], following)


async def list_demands(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Demand]:
    """Return the demands as they were handed in, for whoever answers them.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("data_demand:read")
    query = paging.fingerprint("data_demands", state)
    found = await store.list_demands(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def look_up(tx: Tx, *, secret_sha256: bytes) -> LookedUp:
    """Return how far the demand of a secret is; who has the secret handed it in.

    :raises DataDemandMissing: if it is none of ours.
    """
    async with beyond_own_rows(tx):
        demand = await store.find_by_secret(tx, secret_sha256)
    if demand is None:
        raise DataDemandMissing
    return LookedUp(
        id=demand.id,
        state=demand.state,
        title=demand.title,
        received_at=demand.received_at,
        answer=await store.find_answer(tx, demand.joined_to or demand.id),
    )
