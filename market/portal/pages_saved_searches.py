"""Show somebody the searches it keeps: keep, rename, remove one, and what came to answer it (保存的检索)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.paging import Page
from catalog.search.facets import ALL
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.asked_search import AskedSearch, read_search
from market.portal.code_names import CodeNames, find_names
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    filled_in,
    read_form,
    shown_again,
    submit,
)
from market.portal.kept_search import asked_of
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker
from market.portal.wording import Speaker
from market.saved_searches import operations, queries
from market.saved_searches.model import Match, SavedSearch
from market.zones import queries as zones

_PATH: Final = "/my/saved-searches"
_PAGE_SIZE: Final = 20
_TREES: Final = {facet.name: facet.tree for facet in ALL if facet.tree is not None}


class _Called(msgspec.Struct, frozen=True):
    """What a search is called."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A saved search as its owner sees it."""

    search: SavedSearch
    asked: AskedSearch


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody keeps."""

    kept: list[Kept]
    next_cursor: str | None
    names: CodeNames


@get(_PATH, include_in_schema=False)
async def list_saved_searches(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what one keeps; with a search in the address also the form that keeps it."""
    return await _page(request, read_search(request.query_params), BLANK, cursor=cursor)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def save_search(request: AnyRequest) -> Response[bytes]:
    """Keep a search under a name; what comes to answer it is told in the inbox."""
    fields = await read_form(request)
    asked = read_search(fields)

    async def act(c: Command) -> str:
        name = filled_in(_Called, fields).name
        saved = await c.context.synonyms.answered(
            c.tx,
            lambda synonyms: operations.save(
                c.tx,
                actor=c.actor,
                now=c.now,
                synonyms=synonyms,
                name=name,
                text=asked.words,
                filters=asked.filters,
            ),
        )
        return f"{_PATH}/{saved.id}"

    return await _submit(request, fields, act, asked)


@get(f"{_PATH}/{{saved_search_id:uuid}}", include_in_schema=False)
async def show_saved_search(
    request: AnyRequest,
    saved_search_id: FromPath[uuid.UUID],
    *,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what came to answer one's own search since it was kept."""

    async def look(c: Command) -> tuple[Page[Match], Kept, CodeNames]:
        matches = await queries.list_matches(
            c.tx,
            viewer=c.actor,
            saved_search_id=saved_search_id,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )
        search = await queries.get_mine(c.tx, viewer=c.actor, saved_search_id=saved_search_id)
        kept = _kept(search)
        return matches, kept, await _names(c, [kept.asked])

    matches, kept, names = await read(request, look)
    return page(
        request,
        "saved_search.html",
        cache=NOT_KEPT,
        matches=matches,
        kept=kept,
        called=names.called(Speaker(language_of(request))),
        link=linker(f"{_PATH}/{saved_search_id}", {}),
        is_continued=bool(cursor),
    )


@post(
    f"{_PATH}/{{saved_search_id:uuid}}/names",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def rename_saved_search(
    request: AnyRequest, saved_search_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Call one's own search otherwise."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        name = filled_in(_Called, fields).name
        await operations.rename(
            c.tx, actor=c.actor, now=c.now, saved_search_id=saved_search_id, name=name
        )
        return _PATH

    return await _submit(request, fields, act)


@post(
    f"{_PATH}/{{saved_search_id:uuid}}/removals",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def remove_saved_search(
    request: AnyRequest, saved_search_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Keep one's own search no more."""

    async def act(c: Command) -> str:
        await operations.remove(c.tx, actor=c.actor, now=c.now, saved_search_id=saved_search_id)
        return _PATH

    return await _submit(request, await read_form(request), act)


async def _submit(
    request: AnyRequest,
    fields: dict[str, str],
    act: Callable[[Command], Awaitable[str]],
    asked: AskedSearch | None = None,
) -> Response[bytes]:
    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _page(request, asked or read_search({}), shown_again(request, fields, error))


async def _page(
    request: AnyRequest, asked: AskedSearch, form: Shown, *, cursor: str | None = None
) -> Response[bytes]:
    async def look(c: Command) -> Shelf:
        found = await queries.list_mine(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )
        kept = [_kept(each) for each in found.items]
        names = await _names(c, [asked, *(each.asked for each in kept)])
        return Shelf(kept=kept, next_cursor=found.next_cursor, names=names)

    shelf = await read(request, look)
    return page(
        request,
        "saved_searches.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        shelf=shelf,
        asked=asked,
        form=form,
        called=shelf.names.called(Speaker(language_of(request))),
        link=linker(_PATH, {}),
        is_continued=bool(cursor),
    )


def _kept(search: SavedSearch) -> Kept:
    return Kept(search=search, asked=asked_of(search.text, search.filters))


async def _names(c: Command, searches: Iterable[AskedSearch]) -> CodeNames:
    every = list(searches)
    names = await find_names(
        c,
        {
            tree: {each.given[name] for each in every if name in each.given}
            for name, tree in _TREES.items()
        },
    )
    if not any("zone" in each.given for each in every):
        return names
    return msgspec.structs.replace(names, of_zones=await zones.names(c.tx))
