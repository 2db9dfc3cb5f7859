"""Read zones: everybody those that are open or were, the authority and the operator all of their own."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.search import facets
from catalog.search.model import Filters
from market.zones import store
from market.zones.model import Placement, Zone, ZoneFile, ZoneId


class ZoneMissing(Missing):
    """There is no such zone, or none that this actor may know of."""

    code = "not_found"


async def list_page(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Zone]:
    """Return zones, by their codes.

    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("zones")
    position = paging.decode(query, cursor, 1)
    rows = await tx.fetch(
        f"{store.SELECT} WHERE $1::text IS NULL OR z.code > $1 ORDER BY z.code LIMIT $2",
        None if position is None else str(position[0]),
        paging.check_limit(limit) + 1,
    )
    found = [store.zone_of(row) for row in rows]
    following = paging.encode(query, found[limit - 1].code) if len(found) > limit else None
    return Page(found[:limit], following)


async def get(tx: Tx, *, named: str) -> ZoneFile:
    """Return a zone by its id or its code, with how its supervision was handed over.

    :raises ZoneMissing: if there is none that the actor may see.
    """
    zone = await store.find(tx, named)
    if zone is None:
        raise ZoneMissing
    return ZoneFile(zone=zone, supervisions=await store.list_supervisions(tx, zone.id))


async def list_operated(tx: Tx, *, viewer: Actor) -> list[Zone]:
    """Return the zones that the viewer's party operates, those that are prepared and closed too.

    :raises NotPermitted: if the viewer operates none.
    """
    viewer.require("zone:operate")
    rows = await tx.fetch(
        f"{store.SELECT} WHERE z.operator_party_id = $1 ORDER BY z.code LIMIT 100", viewer.party
    )
    return [store.zone_of(row) for row in rows]


async def get_operated(tx: Tx, *, viewer: Actor, zone_id: uuid.UUID) -> Zone:
    """Return a zone that the viewer's party operates.

    :raises NotPermitted: if the viewer operates none.
    :raises ZoneMissing: if there is none, or it is somebody else's.
    """
    viewer.require("zone:operate")
    zone = (await get(tx, named=str(zone_id))).zone
    if zone.operator_party_id != viewer.party:
        raise ZoneMissing
    return zone


async def find_of_product(tx: Tx, *, product_id: uuid.UUID) -> Zone | None:
    """Return the zone in which a product stands, or None."""
    return await store.find_of_product(tx, product_id)


async def names(tx: Tx) -> dict[str, str]:
    """Return what the zones are called, by their codes, as a filter shows them."""
    rows = await tx.fetch("SELECT code, name FROM market.zones ORDER BY code LIMIT 1000")
    return {row["code"]: row["name"] for row in rows}


async def require_asked(tx: Tx, filters: Filters | None) -> None:
    """Return if a search is narrowed to no zone, or to one that the actor may know of.

    :raises SearchFilterUnknown: if there is none, or none that the actor may see.
    """
    code = None if filters is None else filters.zone
    known = "SELECT true FROM market.zones WHERE code = $1"
    if code is not None and not await tx.fetch_value(known, code):
        raise facets.unknown("zone", code)


async def find_operator(tx: Tx, *, product_id: uuid.UUID) -> PartyId | None:
    """Return who operates the zone in which a product stands, None if it stands in none."""
    found = await tx.fetch_value(
        """
        SELECT z.operator_party_id FROM market.zone_products p
          JOIN market.zones z ON z.id = p.zone_id
         WHERE p.product_id = $1 AND p.removed_at IS NULL""",
        product_id,
    )
    return None if found is None else PartyId(found)


async def list_product_ids(tx: Tx, *, zone_id: ZoneId) -> list[uuid.UUID]:
    """Return which products stand in a zone now, in the order in which they came."""
    rows = await tx.fetch(
        """
        SELECT product_id FROM market.zone_products
         WHERE zone_id = $1 AND removed_at IS NULL ORDER BY id LIMIT 100000""",
        zone_id,
    )
    return [row["product_id"] for row in rows]


async def list_placements(
    tx: Tx,
    *,
    named: str,
    is_there: bool = True,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Placement]:
    """Return the products of a zone, the newest first, or those that were taken out and why.

    What is not public now is not among those that stand there.

    :raises ZoneMissing: if there is no such zone that the actor may see.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    file = await get(tx, named=named)
    query = paging.fingerprint("zone_products", str(file.zone.id), is_there)
    found = await store.list_placements(
        tx,
        file.zone.id,
        is_there=is_there,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)
