"""Serve the search of the catalogue: filters with counts, order, reasons, a table (搜索、筛选)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from catalog.kernel.errors import DomainError
from catalog.kernel.paging import CursorUnreadable
from catalog.search import queries as search
from catalog.search.facets import ALL, SearchFilterUnknown
from catalog.search.model import Count, Found, Hit
from catalog.search.prices import SearchPricesUnreadable
from catalog.search.question import (
    MAX_QUESTION_LENGTH,
    SearchQuestionTooLong,
    SearchQuestionUnreadable,
)
from market.http import searching
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.parameters import check as check_names
from market.http.problem import status_of
from market.open_data import queries as open_data
from market.portal import found_table
from market.portal.asked_search import FILTERS, PRICES, AskedSearch, passed_over, read_search
from market.portal.code_names import CodeNames, find_names
from market.portal.errors import said
from market.portal.kept_search import address_to_keep
from market.portal.marking import pieces
from market.portal.render import language_of, page
from market.portal.show import readable
from market.portal.wording import Speaker
from market.pricing import queries as pricing
from market.pricing.model import PriceItem
from market.zones import queries as zones

_PAGE_SIZE: Final = 20
# In this order the filters stand beside what was found; the rest comes after.
_FIRST_SHOWN: Final = (
    "form", "industry", "region_code", "region", "theme", "delivery", "update_cycle", "level",
    "supplier",
)  # fmt: skip
_SHOWN: Final = (*_FIRST_SHOWN, *(name for name in FILTERS if name not in _FIRST_SHOWN))
_VALUES_AT_FIRST: Final = 8
_LONGEST_TOLD: Final = 50
# So many filters are tried to be left out, when nothing was found.
_MOST_LEFT_OUT: Final = 5
# What is refused on the page itself, and which advice goes with it.
_REFUSED_FOR: Final[Mapping[type[DomainError], str]] = {
    SearchQuestionTooLong: "question",
    SearchQuestionUnreadable: "question",
    SearchFilterUnknown: "filter",
    SearchPricesUnreadable: "prices",
    CursorUnreadable: "place",
}
# What is narrowed by a branch can be narrowed further, by what lies right below.
_TREES: Final = {facet.name: facet.tree for facet in ALL if facet.tree is not None}
_NOTHING: Final = Found(items=[], total=0, facets={}, next_cursor=None, terms=[])


class LeftOut(msgspec.Struct, frozen=True):
    """How many there would be without one of the filters."""

    name: str
    value: str
    count: int


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, from what price each product is had, and what would help if nothing."""

    found: Found = _NOTHING
    lowest: Mapping[uuid.UUID, PriceItem] = {}
    opened: Mapping[uuid.UUID, str] = {}  # those that are open data, and their licences
    left_out: list[LeftOut] = []
    names: CodeNames = CodeNames()

    def counts(self, active: Mapping[str, str]) -> list[tuple[str, list[Count], list[Count]]]:
        """Return the filters to choose from: name, commonest values, the others."""
        return [
            (name, values[:_VALUES_AT_FIRST], values[_VALUES_AT_FIRST:])
            for name in _SHOWN
            if (name not in active or name in _TREES)
            and (values := self.found.facets.get(FILTERS[name], []))
        ]


@get("/products", include_in_schema=False)
async def list_products(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what a search finds, with filters and their counts (搜索、筛选)."""
    asked = read_search(request.query_params)

    async def look(c: Command) -> Shelf:
        found = await _search(c, asked, limit=_PAGE_SIZE, cursor=cursor or None)
        ids = [hit.id for hit in found.items]
        return Shelf(
            found=found,
            lowest=await pricing.find_lowest_prices(c.tx, product_ids=ids),
            opened=await open_data.list_licences(c.tx, ids),
            names=await _names(c, asked, found),
            left_out=await _left_out(c, asked) if not found.total and asked.given else [],
        )

    shelf, refused = Shelf(), None
    try:
        shelf = await read(request, look)
    except tuple(_REFUSED_FOR) as error:
        refused = error
    typed = readable(asked.words)[:MAX_QUESTION_LENGTH]
    refused_for = None if refused is None else _REFUSED_FOR[type(refused)]
    if refused_for == "question":
        asked = msgspec.structs.replace(asked, words="")  # what was no question is in no link
    return page(
        request,
        "products.html",
        status=200 if refused is None else status_of(refused),
        asked=asked,
        keep_address=address_to_keep(asked),
        link_of_words=asked.link(**dict.fromkeys((*FILTERS, *PRICES))),
        prices=PRICES,
        passed_over=[name[:_LONGEST_TOLD] for name in passed_over(request.query_params)[:5]],
        has_part_alone=not cursor and _has_part_alone(shelf.found),
        sorts=asked.sorts,
        shown_sort=asked.shown_sort,
        pieces=pieces,
        called=shelf.names.called(Speaker(language_of(request))),
        q=typed,
        longest=MAX_QUESTION_LENGTH,
        shelf=shelf,
        found=shelf.found,
        refused=None if refused is None else said(request, refused),
        refused_for=refused_for,
        at_most=found_table.AT_MOST,
        is_continued=bool(cursor),
    )


def _has_part_alone(found: Found) -> bool:
    """Tell whether each of a page has a part of what was asked and none has all of it."""
    return bool(found.items) and all(len(hit.matched) < len(found.terms) for hit in found.items)


@get("/products/found.csv", include_in_schema=False)
async def get_found(request: AnyRequest) -> Response[bytes]:
    """Return what a search finds as a table for a spreadsheet, the first of it if it is much.

    :raises ParameterUnknown: if the address asks by what is no condition: a table can not tell of it.
    """
    if unknown := passed_over(request.query_params):
        check_names(unknown, known=frozenset((*FILTERS, *PRICES, "q", "sort")), often=frozenset())
    asked = read_search(request.query_params)

    async def look(c: Command) -> list[Hit]:
        hits: list[Hit] = []
        cursor: str | None = None
        while True:
            rest = min(search.MAX_LIMIT, found_table.AT_MOST - len(hits))
            found = await _search(c, asked, limit=rest, cursor=cursor)
            hits += found.items
            cursor = found.next_cursor
            if cursor is None or len(hits) >= found_table.AT_MOST:
                return hits

    return Response(
        found_table.csv_of(await read(request, look)),
        media_type="text/csv",
        headers={
            "content-disposition": 'attachment; filename="products.csv"',
            "cache-control": "no-store",
        },
    )


async def _names(c: Command, asked: AskedSearch, found: Found) -> CodeNames:
    """Return what the codes are called that the page shows."""
    names = await find_names(
        c,
        {
            tree: {each.value for each in found.facets.get(name, [])}
            | ({asked.given[name]} if name in asked.given else set())
            for name, tree in _TREES.items()
        },
    )
    if "zone" not in asked.given and not found.facets.get("zone"):
        return names
    return msgspec.structs.replace(names, of_zones=await zones.names(c.tx))


async def _search(c: Command, asked: AskedSearch, *, limit: int, cursor: str | None) -> Found:
    return await searching.find(
        c, text=asked.words, filters=asked.filters, sort=asked.sort, limit=limit, cursor=cursor
    )


async def _left_out(c: Command, asked: AskedSearch) -> list[LeftOut]:
    """Return which filters could be left out, and how many there would be then."""
    found = []
    for name, value in list(asked.given.items())[:_MOST_LEFT_OUT]:
        there = await _search(c, asked.without(name), limit=1, cursor=None)
        if there.total:
            found.append(LeftOut(name, value, there.total))
    return found
