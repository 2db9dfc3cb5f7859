"""Found zones of public data, decide on them, put products into them (公共数据专区, BJ-03, F36)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    expected_version,
    read,
)
from market.http.context import AnyRequest
from market.zones import operations, queries
from market.zones.model import Decision, Foundation, Placement, Reason, Said, Zone, ZoneFile


class HandOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which authority supervises the zone from today on, and why."""

    supervisor_party_id: uuid.UUID
    reason: Reason


class PlaceProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which product is put into the zone, and why."""

    product_id: uuid.UUID
    reason: Reason


class RemoveProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the product is taken out."""

    reason: Reason


@post("/api/v1/zones", summary="Found a zone", tags=["zones"], opt=creates(ZoneFile, version=True))
async def found_zone(request: AnyRequest, data: JSONBody[Foundation]) -> Response[bytes]:
    """Found a zone of public data (设立专区): its type, its operator, who supervises it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        file = await operations.found(c.tx, actor=c.actor, now=c.now, foundation=data)
        return created(file, f"/api/v1/zones/{file.zone.id}", file.zone.version)

    return await command(request, act)


@get("/api/v1/zones", summary="Zones", tags=["zones"], opt=answers(Page[Zone]))
async def list_zones(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the zones that are open or were, by their codes."""

    async def look(c: Command) -> Page[Zone]:
        return await queries.list_page(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/zones/{zone_id:uuid}",
    summary="One zone",
    tags=["zones"],
    opt=answers(ZoneFile, version=True),
)
async def get_zone(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a zone, with how its supervision was handed over."""

    async def look(c: Command) -> ZoneFile:
        return await queries.get(c.tx, named=str(zone_id))

    file = await read(request, look)
    return answer(file, version=file.zone.version)


@put(
    "/api/v1/zones/{zone_id:uuid}",
    summary="Revise a zone",
    tags=["zones"],
    opt=answers(ZoneFile, version=True),
)
async def revise_zone(
    request: AnyRequest, zone_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Say otherwise what a zone is; its code, its type and its operator stay."""
    check_readable(data)
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        file = await operations.revise(
            c.tx, actor=c.actor, now=c.now, zone_id=zone_id, expected_version=version, said=data
        )
        return done(file, file.zone.version)

    return await command(request, act)


@post(
    "/api/v1/zones/{zone_id:uuid}/decisions",
    summary="Open, suspend, resume or close a zone",
    tags=["zones"],
    opt=answers(ZoneFile),
)
async def decide_zone(
    request: AnyRequest, zone_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> Response[bytes]:
    """Say what becomes of a zone and why; closing it takes all products out of it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.decide(c.tx, actor=c.actor, now=c.now, zone_id=zone_id, decision=data)
        )

    return await command(request, act)


@post(
    "/api/v1/zones/{zone_id:uuid}/handovers",
    summary="Hand the supervision of a zone over",
    tags=["zones"],
    opt=answers(ZoneFile),
)
async def hand_zone_over(
    request: AnyRequest, zone_id: FromPath[uuid.UUID], data: JSONBody[HandOver]
) -> Response[bytes]:
    """Let another authority supervise the zone from today on (移交监管, BJ-07)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.hand_over(
                c.tx,
                actor=c.actor,
                now=c.now,
                zone_id=zone_id,
                supervisor_party_id=data.supervisor_party_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/zones/{zone_id:uuid}/products",
    summary="The products of a zone",
    tags=["zones"],
    opt=answers(Page[Placement]),
)
async def list_zone_products(
    request: AnyRequest,
    zone_id: FromPath[uuid.UUID],
    *,
    removed: FromQuery[bool] = False,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the public products that stand in a zone, or with ``removed`` those that were taken out."""

    async def look(c: Command) -> Page[Placement]:
        return await queries.list_placements(
            c.tx, named=str(zone_id), is_there=not removed, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/zones/{zone_id:uuid}/products",
    summary="Put a product into a zone",
    tags=["zones"],
    opt=creates(Placement),
)
async def place_product(
    request: AnyRequest, zone_id: FromPath[uuid.UUID], data: JSONBody[PlaceProduct]
) -> Response[bytes]:
    """Put a public product into the zone that one operates."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        placement = await operations.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            zone_id=zone_id,
            product_id=data.product_id,
            reason=data.reason,
        )
        return created(placement, f"/api/v1/zones/{zone_id}/products")

    return await command(request, act)


@post(
    "/api/v1/zones/{zone_id:uuid}/products/{product_id:uuid}/removals",
    summary="Take a product out of a zone",
    tags=["zones"],
    opt=answers(Placement),
)
async def remove_product(
    request: AnyRequest,
    zone_id: FromPath[uuid.UUID],
    product_id: FromPath[uuid.UUID],
    data: JSONBody[RemoveProduct],
) -> Response[bytes]:
    """Take a product out of the zone that one operates; the reason is public."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.remove(
                c.tx,
                actor=c.actor,
                now=c.now,
                zone_id=zone_id,
                product_id=product_id,
                reason=data.reason,
            )
        )

    return await command(request, act)
