"""Read quote requests: a buyer its own with what was opened, a supplier those to it with its own quotes."""

from __future__ import annotations

import datetime as dt
import uuid

from msgspec.structs import replace

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.demand_posts import queries as demand_posts
from market.quotes import store
from market.quotes.model import QuoteRequest, RequestFile, Settled
from market.quotes.states import State


class QuoteRequestMissing(Missing):
    """There is no such quote request, or the actor neither sent it nor was invited."""

    code = "not_found"


class QuoteMissing(Missing):
    """There is no such quote, or it is somebody else's and sealed."""

    code = "not_found"


async def get_file(tx: Tx, *, viewer: Actor, request_id: uuid.UUID) -> RequestFile:
    """Return a request with who was invited and what was quoted, as far as the viewer may see it.

    :raises NotPermitted: if the viewer reads none.
    :raises QuoteRequestMissing: if there is none that it may see.
    """
    viewer.require("quote:read")
    found = await store.find(tx, request_id)
    if found is None:
        raise QuoteRequestMissing
    (request,) = await _as_seen(tx, viewer, [found])
    return RequestFile(
        request=request,
        invited=tuple(await store.list_invited(tx, request_id)),
        quotes=tuple(await store.list_quotes(tx, request_id)),
    )


async def list_requests(
    tx: Tx,
    *,
    viewer: Actor,
    post_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[QuoteRequest]:
    """Return requests, the newest first: those of one's own party and to it, or all to the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("quote:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("quote_requests", str(party), str(post_id), state)
    found = await store.list_page(
        tx,
        party=party,
        post_id=post_id,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return Page(await _as_seen(tx, viewer, found[:limit]), paging.next_by_id(query, found, limit))


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the requests whose deadline is over and whose quotes are sealed still."""
    return await store.list_due(tx, now=now, limit=limit)


async def list_pointless(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return the requests that run although their demand is not on the board any more."""
    return await store.list_pointless(tx, limit=limit)


async def list_settled(tx: Tx, *, now: dt.datetime, limit: int) -> list[Settled]:
    """Return the demands whose negotiation is over, and whether it came to an agreement."""
    return await store.list_settled(tx, today=local_date(now), limit=limit)


async def _as_seen(tx: Tx, viewer: Actor, found: list[QuoteRequest]) -> list[QuoteRequest]:
    """Return requests without the buyer where a supplier is not told who it is."""
    if viewer.sees_all:
        return found
    shown = await demand_posts.find_postings(tx, post_ids=[each.post_id for each in found])
    return [
        each
        if each.buyer_party_id == viewer.party
        or ((posting := shown.get(each.post_id)) is not None and posting.buyer is not None)
        else replace(each, buyer_party_id=None)
        for each in found
    ]
