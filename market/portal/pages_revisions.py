"""Serve the versions of a product, and what differs between any two of them (版本、差异)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.products.revisions import Compared, ProductWithdrawn, RevisionLine
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.change_words import told
from market.portal.pages_product import tombstone
from market.portal.render import language_of, page
from market.portal.show import linker
from market.portal.wording import Speaker

_PAGE_SIZE: Final = 50
_GREATEST: Final = 2_147_483_647

_Number = Annotated[int | None, QueryParameter(ge=1, le=_GREATEST)]


class History(msgspec.Struct, frozen=True):
    """A product's versions, and one of them beside another."""

    product: Product
    lines: Page[RevisionLine]
    compared: Compared | None


@get("/products/{product_id:uuid}/revisions", include_in_schema=False)
async def show_revisions(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    version: _Number = None,
    against: _Number = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the versions; with ``version`` also what is otherwise in it than in ``against``."""

    async def look(c: Command) -> History:
        return History(
            product=await products.get(c.tx, viewer=c.actor, product_id=product_id),
            lines=await products.list_revisions(
                c.tx, viewer=c.actor, product_id=product_id, limit=_PAGE_SIZE, cursor=cursor or None
            ),
            compared=None
            if version is None
            else await products.compare_revisions(
                c.tx, viewer=c.actor, product_id=product_id, version=version, against=against
            ),
        )

    try:
        history = await read(request, look)
    except ProductWithdrawn as buried:
        return tombstone(request, buried)
    there = history.compared
    return page(
        request,
        "revisions.html",
        history=history,
        product=history.product,
        compared=there,
        changes=[] if there is None else told(there.changes, Speaker(language_of(request))),
        link=linker(f"/products/{product_id}/revisions", {}),
        is_continued=bool(cursor),
    )
