"""Serve the catalogue of open data as a page (数据开放目录, GD-08)."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.params import FromQuery

from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.open_data import queries
from market.open_data.model import OpenProduct
from market.portal.render import page
from market.portal.show import linker
from seeds.open_licences import load_open_licences

_PAGE_SIZE: Final = 20


@get("/open-data", include_in_schema=False)
async def show_open_data(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what is open now, under which licence, and where it is fetched."""

    async def look(c: Command) -> Page[OpenProduct]:
        return await queries.list_open(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    return page(
        request,
        "open_data.html",
        catalogue=await read(request, look),
        licences={licence.code: licence for licence in load_open_licences()},
        link=linker("/open-data", {}),
        is_continued=bool(cursor),
    )
