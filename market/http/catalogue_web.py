"""Tell the web what is in the catalogue: Atom with tombstones, sitemaps, robots.txt (目录订阅与收录)."""

from __future__ import annotations

import asyncio
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.formats import sitemap
from catalog.formats.facts import Site
from catalog.kernel.errors import Missing
from catalog.kernel.feeds import ATOM_TYPE, Entry, Feed, Gone, atom
from catalog.kernel.paging import Page
from market.http.answers import sends
from market.http.catalogue_dcat import site_of
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.feed import FEED_LENGTH, feed_answer
from market.public_catalogue.queries import changes, labels
from market.public_catalogue.queries.changes import Change

_XML: Final = "application/xml"
_TEXT: Final = "text/plain; charset=utf-8"
_TAGS: Final = ["catalogue formats"]
_LAST_FILE: Final = 50_000  # sitemaps of an index, by the protocol


@get(
    "/catalogue.atom",
    summary="What changed in the catalogue",
    tags=_TAGS,
    opt=sends(ATOM_TYPE, "etag", statuses=(200, 304)),
)
async def catalogue_atom(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return new and changed products as Atom, those taken back as tombstones (RFC 6721)."""

    async def look(c: Command) -> Page[Change]:
        return await changes.list_changes(c.tx, limit=FEED_LENGTH, cursor=cursor)

    found, site = await read(request, look), site_of(request)
    address = "/catalogue.atom"
    feed = Feed(
        title="数市 · 数据产品目录更新",
        site=site.url,
        address=address if cursor is None else f"{address}?cursor={cursor}",
        home="/products",
        entries=[_entry(each, site) for each in found.items if each.reason is None],
        gone=[
            Gone(site.product(each.product_id), each.changed_at, each.reason)
            for each in found.items
            if each.reason is not None
        ],
        next_address=None if found.next_cursor is None else f"{address}?cursor={found.next_cursor}",
    )
    return feed_answer(request, atom(feed), ATOM_TYPE)


@get(
    "/sitemap.xml",
    summary="Where the sitemaps are",
    tags=_TAGS,
    opt=sends(_XML, "etag", statuses=(200, 304)),
)
async def sitemap_index(request: AnyRequest) -> Response[bytes]:
    """Return the index of the sitemaps."""

    async def look(c: Command) -> int:
        return await labels.count_products(c.tx)

    body = sitemap.index(await read(request, look), site_of(request))
    return feed_answer(request, body, _XML)


@get(
    "/sitemaps/{number:int}",
    summary="Where products are",
    tags=_TAGS,
    opt=sends(_XML, "etag", statuses=(200, 304), number="1"),
)
async def sitemap_file(request: AnyRequest, number: FromPath[int]) -> Response[bytes]:
    """Return up to 50,000 addresses of products, each with when it changed last."""
    if not 1 <= number <= _LAST_FILE:
        raise Missing
    start = (number - 1) * sitemap.ADDRESSES

    async def look(c: Command) -> bytes:
        found = await changes.list_addresses(c.tx, start=start, limit=sitemap.ADDRESSES)
        if not found and number > 1:
            raise Missing
        return await asyncio.to_thread(sitemap.addresses, found, site_of(request))

    return feed_answer(request, await read(request, look), _XML)


@get("/robots.txt", summary="What crawlers may read", tags=_TAGS, opt=sends(_TEXT))
async def robots(request: AnyRequest) -> Response[bytes]:
    """Return what crawlers may read, and where the sitemaps are."""
    return Response(
        sitemap.robots(site_of(request)).encode(),
        media_type="text/plain",
        headers={"cache-control": "public, max-age=3600"},
    )


def _entry(change: Change, site: Site) -> Entry:
    page = site.product(change.product_id)
    return Entry(
        id=page,
        url=page,
        title=change.name,
        text=f"{change.supplier_name} {change.summary}".strip(),
        published_at=change.published_at,
        updated_at=change.changed_at,
    )
