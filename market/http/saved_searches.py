"""Keep searches under a name, and read what came to answer them (保存的检索)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.search.model import Filters
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.saved_searches import operations as saved_searches
from market.saved_searches import queries
from market.saved_searches.model import Match, SavedSearch

_Name = Annotated[str, Meta(min_length=1, max_length=100)]


class SearchFilters(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a product must be besides being found, by the names of ``GET /api/v1/products``."""


class SaveSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search and what it is called."""

    name: _Name
    text: str = ""
    filters: SearchFilters = SearchFilters()


class RenameSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a search is called from now on."""

    name: _Name


@post(
    "/api/v1/my/saved-searches",
    summary="Save a search",
    tags=["products"],
    opt=creates(SavedSearch),
)
async def save_search(request: AnyRequest, data: JSONBody[SaveSearch]) -> Response[bytes]:
    """Keep a search under a name; products that come to answer it are told in the inbox."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        saved = await c.context.synonyms.answered(
            c.tx,
            lambda synonyms: saved_searches.save(
                c.tx,
                actor=c.actor,
                now=c.now,
                synonyms=synonyms,
                name=data.name,
                text=data.text,
                filters=data.filters,
            ),
        )
        return created(saved, f"/api/v1/my/saved-searches/{saved.id}/matches")

    return await command(request, act)


@get(
    "/api/v1/my/saved-searches",
    summary="One's own saved searches",
    tags=["products"],
    opt=answers(Page[SavedSearch]),
)
async def list_saved_searches(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own searches, newest first."""

    async def look(c: Command) -> Page[SavedSearch]:
        return await queries.list_mine(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/my/saved-searches/{saved_search_id:uuid}/matches",
    summary="What came to answer a saved search",
    tags=["products"],
    opt=answers(Page[Match]),
)
async def list_saved_search_matches(
    request: AnyRequest,
    saved_search_id: FromPath[uuid.UUID],
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the products that were told of since it was saved and are public still, newest first."""

    async def look(c: Command) -> Page[Match]:
        return await queries.list_matches(
            c.tx, viewer=c.actor, saved_search_id=saved_search_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@put(
    "/api/v1/my/saved-searches/{saved_search_id:uuid}",
    summary="Rename a saved search",
    tags=["products"],
    opt=answers(SavedSearch),
)
async def rename_saved_search(
    request: AnyRequest, saved_search_id: FromPath[uuid.UUID], data: JSONBody[RenameSearch]
) -> Response[bytes]:
    """Call one's own search otherwise."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await saved_searches.rename(
                c.tx, actor=c.actor, now=c.now, saved_search_id=saved_search_id, name=data.name
            )
        )

    return await command(request, act)


@post(
    "/api/v1/my/saved-searches/{saved_search_id:uuid}/removals",
    summary="Remove a saved search",
    tags=["products"],
    opt=answers(SavedSearch),
)
async def remove_saved_search(
    request: AnyRequest, saved_search_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Keep one's own search no more; nothing is told of it from now on."""

    async def act(c: Command) -> Answer:
        return done(
            await saved_searches.remove(
                c.tx, actor=c.actor, now=c.now, saved_search_id=saved_search_id
            )
        )

    return await command(request, act)
