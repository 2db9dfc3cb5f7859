"""Serve the search of the catalogue with its filters (搜索、筛选)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from catalog.search import queries as search
from catalog.search.facets import FACETS, SearchFilterUnknown
from catalog.search.model import Filters, Found
from catalog.search.question import SearchQuestionTooLong, SearchQuestionUnreadable
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.problem import status_of
from market.portal.errors import said
from market.portal.render import page
from market.portal.show import cleaned, linker
from market.pricing import queries as pricing
from market.pricing.model import PriceItem
from seeds.synonyms import load_synonyms

_PAGE_SIZE: Final = 20
# The filter's name in an address, and the facet that it narrows.
_FACET_OF: Final = {"supplier": "supplier_name"} | {
    facet: facet for facet in FACETS if facet != "supplier_name"
}
_SHOWN_FACETS: Final = (
    "form", "theme", "industry", "region", "update_cycle", "delivery", "level", "supplier", "source",
)  # fmt: skip


class Shelf(msgspec.Struct, frozen=True):
    """What a search found, and from what price each product is had."""

    found: Found
    lowest: Mapping[uuid.UUID, PriceItem]


@get("/products", include_in_schema=False)
async def list_products(
    request: AnyRequest,
    *,
    q: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what a search finds, with filters and their counts (搜索、筛选)."""
    given = {name: cleaned(request.query_params.get(name)) for name in _FACET_OF}
    filters = Filters(**{_FACET_OF[name]: value for name, value in given.items()})

    async def look(c: Command) -> Shelf:
        found = await search.search(
            c.tx,
            port=c.context.search,
            text=q,
            synonyms=load_synonyms(),
            filters=filters,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )
        ids = [hit.id for hit in found.items]
        return Shelf(found, await pricing.find_lowest_prices(c.tx, product_ids=ids))

    shelf, refused = (
        Shelf(Found(items=[], total=0, facets={}, next_cursor=None, terms=[]), {}),
        None,
    )
    try:
        shelf = await read(request, look)
    except (SearchQuestionTooLong, SearchQuestionUnreadable, SearchFilterUnknown) as error:
        refused = error
    return page(
        request,
        "products.html",
        status=200 if refused is None else status_of(refused),
        q=q if refused is None else "",
        shelf=shelf,
        found=shelf.found,
        refused=None if refused is None else said(request, refused),
        active={name: value for name, value in given.items() if value},
        shown_facets=[
            (name, shelf.found.facets.get(_FACET_OF[name], [])) for name in _SHOWN_FACETS
        ],
        link=linker("/products", {"q": q, **given}),
        is_continued=bool(cursor),
    )
