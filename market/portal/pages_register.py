"""Serve the register's announcements as pages: what became of certificates (登记公告, HN-19(d))."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import queries
from catalog.certificates.register_events import Announcement, RegisterEvent
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import address

_PAGE_SIZE: Final = 20


@get("/register", include_in_schema=False)
async def list_announcements(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what the register announced, the newest first."""
    asked = request.query_params.get("event")
    wanted = next((event for event in RegisterEvent if event.value == asked), None)

    async def look(c: Command) -> Page[Announcement]:
        return await queries.list_announcements(
            c.tx, event=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )

    board = await read(request, look)
    kept = {"event": None if wanted is None else wanted.value}
    return page(
        request,
        "register.html",
        board=board,
        events=list(RegisterEvent),
        wanted=wanted,
        first=address("/register", kept),
        next=board.next_cursor and address("/register", kept | {"cursor": board.next_cursor}),
        is_continued=bool(cursor),
    )


@get("/register/{event_id:uuid}", include_in_schema=False)
async def show_announcement(request: AnyRequest, event_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one announcement; its address stays for good."""

    async def look(c: Command) -> Announcement:
        return await queries.get_announcement(c.tx, event_id)

    return page(request, "register_event.html", told=await read(request, look))
