"""Show what spot checks came to, to everybody (双随机、一公开, HN-21)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import address
from market.spot_checks import queries
from market.spot_checks.model import PublicSpotCheck

_PAGE_SIZE: Final = 20


@get("/spot-checks", include_in_schema=False)
async def list_spot_checks(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the published spot checks, the newest first."""

    async def look(c: Command) -> Page[PublicSpotCheck]:
        return await queries.list_published(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    found = await read(request, look)
    return page(
        request,
        "spot_checks.html",
        found=found,
        next=found.next_cursor and address("/spot-checks", {"cursor": found.next_cursor}),
        is_continued=bool(cursor),
    )


@get("/spot-checks/{spot_check_id:uuid}", include_in_schema=False)
async def show_spot_check(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show one published spot check, and how anybody computes its draw again."""

    async def look(c: Command) -> PublicSpotCheck:
        return await queries.get_published(c.tx, spot_check_id=spot_check_id)

    return page(request, "spot_check.html", check=await read(request, look))
