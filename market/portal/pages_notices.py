"""Serve the notice board (公示栏)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from catalog.notices import queries as notices
from catalog.notices import states as notice_states
from catalog.notices.board import BoardPosting
from catalog.notices.model import PublicNotice
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import linker, one_of

_PAGE_SIZE: Final = 20


@get("/notices", include_in_schema=False)
async def list_notices(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the notice board (公示栏): what runs, how many working days are left, what is over."""
    wanted = one_of(notice_states.State, request.query_params.get("status"))

    async def look(c: Command) -> Page[PublicNotice]:
        return await notices.list_public(
            c.tx,
            now=c.now,
            calendar=await c.calendar(),
            state=wanted,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    return page(
        request,
        "notices.html",
        board=await read(request, look),
        states=list(notice_states.State),
        wanted=wanted,
        link=linker("/notices", {"status": wanted}),
        is_continued=bool(cursor),
    )


@get("/notices/{notice_id:uuid}", include_in_schema=False)
async def show_notice(request: AnyRequest, notice_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one notice (公示), while it runs and ever after."""

    async def look(c: Command) -> PublicNotice:
        return await notices.get_public(
            c.tx, notice_id=notice_id, now=c.now, calendar=await c.calendar()
        )

    return page(request, "notice.html", notice=await read(request, look))


@get("/notice-board/{posting_id:uuid}", include_in_schema=False)
async def show_posting(request: AnyRequest, posting_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show what an operator posted here, when this is the bureau's site (公示栏)."""

    async def look(c: Command) -> BoardPosting:
        return await notices.get_board_posting(c.tx, posting_id=posting_id)

    return page(request, "board_posting.html", posting=await read(request, look))
