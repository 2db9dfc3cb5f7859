"""Serve the zones of public data as pages: which there are, and what stands in each (公共数据专区, F36)."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.code_trees.model import Tree
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.code_names import CodeNames, find_names
from market.portal.render import language_of, page
from market.portal.show import linker
from market.portal.wording import Speaker
from market.zones import queries
from market.zones.model import Placement, Zone, ZoneFile

_PAGE_SIZE: Final = 20
_REMOVED: Final = 20


class _Shown(msgspec.Struct, frozen=True):
    """A zone, a page of what stands in it, and what was taken out of it last."""

    file: ZoneFile
    products: Page[Placement]
    removed: list[Placement]
    names: CodeNames


@get("/zones", include_in_schema=False)
async def list_zones(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show which zones there are."""

    async def look(c: Command) -> Page[Zone]:
        return await queries.list_page(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    return page(
        request,
        "zones.html",
        zones=await read(request, look),
        link=linker("/zones", {}),
        is_continued=bool(cursor),
    )


@get("/zones/{code:str}", include_in_schema=False)
async def show_zone(
    request: AnyRequest, code: FromPath[str], *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show a zone: what it is for, whose it is, its products and no others, what was taken out."""

    async def look(c: Command) -> _Shown:
        removed = await queries.list_placements(c.tx, named=code, is_there=False, limit=_REMOVED)
        file = await queries.get(c.tx, named=code)
        regions = [file.zone.region_code] if file.zone.region_code else []
        return _Shown(
            file,
            await queries.list_placements(
                c.tx, named=code, limit=_PAGE_SIZE, cursor=cursor or None
            ),
            removed.items,
            await find_names(c, {Tree.REGION: regions}),
        )

    shown = await read(request, look)
    return page(
        request,
        "zone.html",
        shown=shown,
        zone=shown.file.zone,
        called=shown.names.called(Speaker(language_of(request))),
        link=linker(f"/zones/{shown.file.zone.code}", {}),
        is_continued=bool(cursor),
    )
