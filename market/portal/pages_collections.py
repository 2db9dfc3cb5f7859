"""Serve the collections as pages: which there are, and what stands in each (专题集合, F36)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.collections import queries
from market.collections.model import Collection, Head
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import linker

_PAGE_SIZE: Final = 20


@get("/collections", include_in_schema=False)
async def list_collections(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show which collections are published."""

    async def look(c: Command) -> Page[Head]:
        return await queries.list_published(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    return page(
        request,
        "collections.html",
        collections=await read(request, look),
        link=linker("/collections", {}),
        is_continued=bool(cursor),
    )


@get("/collections/{collection_id:uuid}", include_in_schema=False)
async def show_collection(
    request: AnyRequest, collection_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show a collection in its order; what is gone is named as gone, with why if it is known."""

    async def look(c: Command) -> Collection:
        return await queries.get(c.tx, collection_id=collection_id)

    collection = await read(request, look)
    return page(request, "collection.html", collection=collection, head=collection.head)
