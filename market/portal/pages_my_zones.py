"""Let who operates a zone of public data put products into it and take them out (专区运营, BJ-03)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from catalog.search.model import Hit
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.finding import find_public
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    Shown,
    Step,
    filled_in,
    run_step,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned, linker
from market.zones import operations, queries, states
from market.zones.model import Placement, Reason, Zone
from market.zones.states import Event

_PATH: Final = "/my/zones"
_ONE: Final = "/my/zones/{zone_id:uuid}"
_PAGE_SIZE: Final = 20


class _Placed(msgspec.Struct, frozen=True):
    """Which product is put into the zone, and why."""

    product_id: uuid.UUID
    reason: Reason


class _Removed(msgspec.Struct, frozen=True):
    """Why a product is taken out."""

    reason: Reason


class Counter(msgspec.Struct, frozen=True):
    """A zone as who operates it sees it: what stands in it, and what was looked for to be put in."""

    zone: Zone
    placements: Page[Placement]
    found: list[Hit]

    def may(self, event: Event) -> bool:
        """Tell whether that can happen now."""
        return (self.zone.state, event) in states.TRANSITIONS


@get(_PATH, include_in_schema=False)
async def list_own_zones(request: AnyRequest) -> Response[bytes]:
    """Show the zones that one's own party operates."""

    async def look(c: Command) -> list[Zone]:
        return await queries.list_operated(c.tx, viewer=c.actor)

    return page(request, "my_zones.html", cache=NOT_KEPT, zones=await read(request, look))


@get(_ONE, include_in_schema=False)
async def show_own_zone(
    request: AnyRequest,
    zone_id: FromPath[uuid.UUID],
    *,
    q: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what stands in a zone of one's own, and find what else may stand there."""
    return await _counter(request, zone_id, BLANK, q=cleaned(q), cursor=cursor or None)


@post(f"{_ONE}/products", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def place_product(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Put a public product into a zone of one's own; everybody may read why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        placed = filled_in(_Placed, fields)
        await operations.place(
            c.tx,
            actor=c.actor,
            now=c.now,
            zone_id=zone_id,
            product_id=placed.product_id,
            reason=placed.reason,
        )

    return await _step(request, zone_id, act)


@post(
    f"{_ONE}/products/{{product_id:uuid}}/removals",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def remove_product(
    request: AnyRequest, zone_id: FromPath[uuid.UUID], product_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take a product out of a zone of one's own; everybody may read why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.remove(
            c.tx,
            actor=c.actor,
            now=c.now,
            zone_id=zone_id,
            product_id=product_id,
            reason=filled_in(_Removed, fields).reason,
        )

    return await _step(request, zone_id, act)


async def _step(
    request: AnyRequest,
    zone_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _counter(request, zone_id, form, q=cleaned(form.fields.get("q")))

    return await run_step(request, act, place=f"{_PATH}/{zone_id}", again=again)


async def _counter(
    request: AnyRequest,
    zone_id: uuid.UUID,
    form: Shown,
    *,
    q: str | None,
    cursor: str | None = None,
) -> Response[bytes]:
    async def look(c: Command) -> Counter:
        zone = await queries.get_operated(c.tx, viewer=c.actor, zone_id=zone_id)
        there = await queries.list_placements(
            c.tx, named=str(zone_id), limit=_PAGE_SIZE, cursor=cursor
        )
        return Counter(zone, there, await find_public(c, q))

    counter = await read(request, look)
    place = f"{_PATH}/{zone_id}"
    return page(
        request,
        "my_zone.html",
        status=form.status,
        cache=NOT_KEPT,
        at=place,
        counter=counter,
        zone=counter.zone,
        may_place=counter.may(Event.PLACE),
        may_remove=counter.may(Event.REMOVE),
        q=q,
        form=form,
        blank=BLANK,
        link=linker(place, {"q": q}),
        is_continued=bool(cursor),
    )
