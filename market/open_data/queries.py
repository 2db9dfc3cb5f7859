"""Read what is open: everybody; requests, their suppliers and the houses."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import CursorUnreadable, Page
from market.open_data import store
from market.open_data.model import Opening, OpenProduct
from market.open_data.states import State


class OpeningMissing(Missing):
    """There is no such opening, or none that this actor may know of."""

    code = "not_found"


async def is_live(tx: Tx, *, product_id: uuid.UUID) -> bool:
    """Tell whether a product is open or asked to be: it is not sold then."""
    live: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM market.openings
                        WHERE product_id = $1 AND state IN ('requested', 'open'))""",
        product_id,
    )
    return live


async def is_open(tx: Tx, *, product_id: uuid.UUID) -> bool:
    """Tell whether a product is open data now."""
    found: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM market.openings
                        WHERE product_id = $1 AND state = 'open')""",
        product_id,
    )
    return found


async def list_licences(tx: Tx, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return those of the products that are open now, and under which licence each is."""
    rows = await tx.fetch(
        """
        SELECT product_id, licence FROM market.openings
         WHERE product_id = ANY($1::uuid[]) AND state = 'open'""",
        list(product_ids),
    )
    return {row["product_id"]: row["licence"] for row in rows}


async def list_openings(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Opening]:
    """Return openings, the newest first: one's own, or all for the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("opening:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("openings", state, str(party))
    rows = await tx.fetch(
        f"""{store.SELECT}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
           AND ($3::uuid IS NULL OR supplier_party_id = $3)
         ORDER BY id DESC LIMIT $4""",
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        party,
        paging.check_limit(limit) + 1,
    )
    found = [store.opening_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def list_open(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[OpenProduct]:
    """Return the catalogue of open data (数据开放目录), the newest first.

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("open_data")
    found = await store.list_open(
        tx, before=_place(paging.decode(query, cursor, 2)), limit=paging.check_limit(limit) + 1
    )
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    following = paging.encode(query, last.open_since.isoformat(), str(last.product_id))
    return Page(found[:limit], following)


async def find_open(tx: Tx, *, product_id: uuid.UUID) -> OpenProduct | None:
    """Return what the catalogue of open data says of a product, or None if it is not open."""
    found = await store.list_open(tx, before=None, limit=1, product_id=product_id)
    return found[0] if found else None


def _place(position: list[object] | None) -> tuple[dt.datetime, uuid.UUID] | None:
    if position is None:
        return None
    try:
        since = dt.datetime.fromisoformat(str(position[0]))
    except ValueError as error:
        raise CursorUnreadable from error
    if since.tzinfo is None:
        raise CursorUnreadable
    return since, paging.as_id(position[1])
