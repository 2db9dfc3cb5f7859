"""Read demands: their public side, whoever may; all of one's own; what fits them, and one's own products."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
from msgspec.structs import replace

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.products.model import DeliveryMode, Form
from market.demand_posts import matching
from market.demand_posts.model import (
    DemandMatch,
    DemandPost,
    DemandPosting,
    PostFile,
    SupplierMatch,
)
from market.demand_posts.states import State
from market.demand_posts.store import board, matches, posts
from market.pricing.model import UseCategory

# [P] how old matches may be when the catalogue changes; of a demand that changed they are found at once.
LOOKED_EVERY: Final = dt.timedelta(minutes=5)


class DemandPostMissing(Missing):
    """There is no such demand, or none that this actor may know of."""

    code = "not_found"


class DemandMatchMissing(Missing):
    """There is no such match, or none that concerns this actor."""

    code = "not_found"


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """By what the board is narrowed; a code names its whole subtree."""

    form: Form | None = None
    industry: str | None = None
    region_code: str | None = None
    delivery_mode: DeliveryMode | None = None
    use_category: UseCategory | None = None


async def find(tx: Tx, *, post_id: uuid.UUID) -> DemandPost | None:
    """Return a demand for a room above, if row-level security shows it to who acts."""
    return await posts.find(tx, post_id)


async def lock(tx: Tx, *, post_id: uuid.UUID) -> DemandPost | None:
    """Lock and return a demand for a room above, so that it is not moved meanwhile."""
    return await posts.lock(tx, post_id)


async def get_posting(tx: Tx, *, post_id: uuid.UUID) -> DemandPosting:
    """Return the public side of a demand, if it is shown to who acts.

    :raises DemandPostMissing: if there is none.
    """
    found = await board.find_posting(tx, post_id)
    if found is None:
        raise DemandPostMissing
    return found


async def find_postings(tx: Tx, *, post_ids: list[uuid.UUID]) -> dict[uuid.UUID, DemandPosting]:
    """Return the public sides of demands that are shown to who acts."""
    return await board.find_postings(tx, post_ids)


async def list_board(
    tx: Tx,
    *,
    narrowed: Narrowed,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[DemandPosting]:
    """Return what is asked for now, the newest first.

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    asked = {
        name: None if value is None else str(value)
        for name, value in msgspec.structs.asdict(narrowed).items()
    }
    query = paging.fingerprint("demand_board", sorted(asked.items()))
    found = await board.list_board(
        tx,
        narrowed=asked,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def get_file(tx: Tx, *, viewer: Actor, post_id: uuid.UUID) -> PostFile:
    """Return a demand of one's own with all that it ever said, or any to the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises DemandPostMissing: if there is none that it may see.
    """
    found = await _get(tx, viewer, post_id)
    return PostFile(post=found, revisions=tuple(await posts.list_revisions(tx, post_id)))


async def list_posts(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[DemandPost]:
    """Return demands, the newest first: one's own, or all to the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("demand_post:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("demand_posts", str(party), state)
    found = await posts.list_page(
        tx,
        party=party,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_matches(tx: Tx, *, viewer: Actor, post_id: uuid.UUID) -> list[DemandMatch]:
    """Return what fits a demand of one's own, best first, and what was said of it.

    :raises NotPermitted: if the viewer reads none.
    :raises DemandPostMissing: if there is none that it may see.
    """
    await _get(tx, viewer, post_id)
    return await matches.list_matches(tx, post_id)


async def list_supplier_matches(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[SupplierMatch]:
    """Return the demands that one's own products fit, the newest demand first.

    A page ends with a demand; it may hold more than ``limit`` products of the last one.

    :raises NotPermitted: if the viewer sells nothing.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("demand_match:read")
    query = paging.fingerprint("supplier_matches", str(viewer.party))
    found = await matches.list_of_supplier(
        tx,
        party=viewer.party,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + matching.MOST_MATCHES,
    )
    shown = found[:limit]
    shown += [each for each in found[limit:] if each.post_id == shown[-1].post_id]
    postings = await board.find_postings(tx, [each.post_id for each in shown])
    more = paging.encode(query, str(shown[-1].post_id)) if len(found) > len(shown) else None
    return Page(
        [_for_supplier(each, postings[each.post_id]) for each in shown if each.post_id in postings],
        more,
    )


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the demands for which the catalogue is to be looked at again."""
    return await matches.list_due(tx, before=now - LOOKED_EVERY, limit=limit)


async def _get(tx: Tx, viewer: Actor, post_id: uuid.UUID) -> DemandPost:
    viewer.require("demand_post:read")
    found = await posts.find(tx, post_id)
    if found is None or not (viewer.sees_all or found.buyer_party_id == viewer.party):
        raise DemandPostMissing
    return found


def _for_supplier(match: DemandMatch, posting: DemandPosting) -> SupplierMatch:
    shown = matching.for_supplier(match.reasons, shows_budget=posting.budget_fen is not None)
    return SupplierMatch(match=replace(match, score=None, reasons=shown), posting=posting)
