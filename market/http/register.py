"""Announce what became of certificates (登记公告, HN-19(d)): a list, permanent entries, two feeds."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import queries, register_events
from catalog.certificates.register_events import Announcement, RegisterEvent
from catalog.kernel import paging
from catalog.kernel.feeds import ATOM_TYPE, JSON_TYPE, Feed, atom, json_feed
from catalog.kernel.paging import Page
from market.http.answers import answers, sends
from market.http.command import Command, answer, read
from market.http.context import AnyRequest, context
from market.http.feed import FEED_LENGTH, feed_answer


@get(
    "/api/v1/register-events",
    summary="What became of certificates",
    tags=["certificates"],
    opt=answers(Page[Announcement]),
)
async def list_register_events(
    request: AnyRequest,
    *,
    event: FromQuery[RegisterEvent | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what the register announced, the newest first: issues, transfers and so on."""

    async def look(c: Command) -> Page[Announcement]:
        return await queries.list_announcements(c.tx, event=event, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/register-events/{event_id:uuid}",
    summary="One entry of the register",
    tags=["certificates"],
    opt=answers(Announcement),
)
async def get_register_event(request: AnyRequest, event_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one entry of the register; it stays for good."""

    async def look(c: Command) -> Announcement:
        return await queries.get_announcement(c.tx, event_id)

    return answer(await read(request, look))


@get(
    "/register.atom",
    summary="The register as an Atom feed",
    tags=["certificates"],
    opt=sends(ATOM_TYPE, "etag", statuses=(200, 304)),
)
async def register_atom(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the register's announcements as Atom; ``next`` leads to the older ones."""
    return feed_answer(request, atom(await _feed(request, "/register.atom", cursor)), ATOM_TYPE)


@get(
    "/register.json",
    summary="The register as a JSON Feed",
    tags=["certificates"],
    opt=sends(JSON_TYPE, "etag", statuses=(200, 304)),
)
async def register_json(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a page of the register's announcements as a JSON Feed; ``next_url`` leads on."""
    body = json_feed(await _feed(request, "/register.json", cursor))
    return feed_answer(request, body, JSON_TYPE)


async def _feed(request: AnyRequest, address: str, cursor: str | None) -> Feed:
    async def look(c: Command) -> Page[Announcement]:
        return await queries.list_announcements(c.tx, limit=FEED_LENGTH, cursor=cursor)

    site = context(request).settings.public_url
    found = await read(request, look)
    return Feed(
        title=register_events.TITLE,
        site=site,
        address=address if cursor is None else f"{address}?cursor={cursor}",
        home=register_events.ADDRESS,
        entries=[register_events.entry(each, site=site) for each in found.items],
        next_address=None if found.next_cursor is None else f"{address}?cursor={found.next_cursor}",
    )
