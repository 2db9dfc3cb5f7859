"""Serve what was answered to demands for open data as a page (需求征集, GD-08)."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.params import FromQuery

from catalog.kernel.paging import Page
from market.data_demands import queries
from market.data_demands.model import Answered
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import linker

_PAGE_SIZE: Final = 20


@get("/data-demands", include_in_schema=False)
async def list_answered_demands(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what was answered, what it led to, and how one asks."""

    async def look(c: Command) -> Page[Answered]:
        return await queries.list_answers(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    return page(
        request,
        "data_demands.html",
        answered=await read(request, look),
        link=linker("/data-demands", {}),
        is_continued=bool(cursor),
    )
