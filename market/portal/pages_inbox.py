"""Show the inbox of one's party (站内通知). To open a message is its receipt, so it is a button."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from catalog.notifications import operations as notifications
from catalog.notifications import queries
from catalog.notifications.model import InboxItem
from market.http.command import Answer, Command, read, secret_command
from market.http.context import AnyRequest
from market.portal.cases import case_address
from market.portal.render import NOT_KEPT, go, page

_MAX_FORM_BYTES: Final = 16 * 1024


@get("/inbox", include_in_schema=False)
async def show_inbox(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the inbox, the unread first."""

    async def look(c: Command) -> Page[InboxItem]:
        return await queries.list_mine(c.tx, viewer=c.actor, cursor=cursor or None)

    box = await read(request, look)
    return page(request, "inbox.html", cache=NOT_KEPT, box=box, is_continued=bool(cursor))


@get("/inbox/{notification_id:uuid}", include_in_schema=False)
async def show_message(
    request: AnyRequest, notification_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show one message: its words if it was opened, else the button that opens it."""

    async def look(c: Command) -> InboxItem:
        return await queries.get_mine(c.tx, viewer=c.actor, notification_id=notification_id)

    item = await read(request, look)
    return page(
        request,
        "inbox_item.html",
        cache=NOT_KEPT,
        item=item,
        leads_to=case_address(item.subject.kind, item.subject.id),
    )


@post(
    "/inbox/{notification_id:uuid}",
    include_in_schema=False,
    request_max_body_size=_MAX_FORM_BYTES,
)
async def open_message(
    request: AnyRequest, notification_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Open a message (阅读回执) and go back to it."""

    async def act(c: Command) -> Answer:
        await notifications.open_one(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            notification_id=notification_id,
        )
        return Answer(None)

    await secret_command(request, act)
    return go(f"/inbox/{notification_id}")
