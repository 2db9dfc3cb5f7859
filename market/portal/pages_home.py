"""Serve the first page (首页)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get

from catalog.certificates import queries as certificates
from catalog.code_trees.model import Tree
from catalog.notices import queries as notices
from catalog.notices import states as notice_states
from catalog.notices.model import PublicNotice
from catalog.search import queries as search
from catalog.search.model import Count, Hit
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.code_names import CodeNames, find_names
from market.portal.render import language_of, page
from market.portal.wording import Speaker
from market.pricing import queries as pricing

_NOTICES_AT_HOME: Final = 5
_PRODUCTS_AT_HOME: Final = 5


class Home(msgspec.Struct, frozen=True):
    """What the first page shows."""

    total: int
    facets: dict[str, list[Count]]
    newest: list[Hit]
    names: CodeNames
    latest: list[PublicNotice]
    certificates: Mapping[str, int]
    notices: Mapping[str, int]
    price_lines: int


@get("/", include_in_schema=False)
async def home(request: AnyRequest) -> Response[bytes]:
    """Show the first page: search, categories, the latest notices, figures that lead to lists."""

    async def look(c: Command) -> Home:
        found = await search.search(c.tx, port=c.context.search, limit=_PRODUCTS_AT_HOME)
        regions = [each.value for each in found.facets.get("region_code", [])]
        latest = await notices.list_public(
            c.tx,
            now=c.now,
            calendar=await c.calendar(),
            state=notice_states.State.RUNNING,
            limit=_NOTICES_AT_HOME,
        )
        return Home(
            total=found.total,
            facets=found.facets,
            newest=found.items,
            names=await find_names(c, {Tree.REGION: regions}),
            latest=latest.items,
            certificates=await certificates.count_by_state(c.tx),
            notices=await notices.count_by_state(c.tx),
            price_lines=await pricing.count_prices(c.tx),
        )

    shown = await read(request, look)
    return page(
        request,
        "home.html",
        home=shown,
        called=shown.names.called(Speaker(language_of(request))),
    )
