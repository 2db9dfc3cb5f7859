"""Show a supplier its own products: how far each is, what is missing, where it is used (我的产品)."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from catalog.certificates import queries as certificates
from catalog.certificates import states as certificate_states
from catalog.certificates.model import CertificateSummary
from catalog.products import queries as products
from catalog.products.model import Product
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.listings import queries as listings
from market.portal.next_steps import NextStep, next_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from market.pricing import queries as pricing

_PAGE_SIZE: Final = 20


class OwnProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One's own product with all that says how far it is."""

    product: Product
    certificate: CertificateSummary | None
    is_listed: bool
    uses: int  # products that were made from it
    step: NextStep


class Workspace(msgspec.Struct, frozen=True):
    """A page of one's own products."""

    items: list[OwnProduct]
    next_cursor: str | None


@get("/my/products", include_in_schema=False)
async def list_own_products(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the products of one's own party, drafts too, newest first."""

    async def look(c: Command) -> Workspace:
        found = await products.list_own(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return Workspace([await _own(c, each) for each in found.items], found.next_cursor)

    return page(
        request,
        "my_products.html",
        cache=NOT_KEPT,
        workspace=await read(request, look),
        link=linker("/my/products", {}),
        is_continued=bool(cursor),
    )


async def _own(c: Command, product: Product) -> OwnProduct:
    held = await certificates.list_of_product(c.tx, product.id)
    active = [each for each in held if each.state is certificate_states.State.ACTIVE]
    filing = await pricing.find_any_effective(c.tx, product_id=product.id)
    is_listed = await listings.find_listed(c.tx, product_id=product.id) is not None
    told = await products.get_provenance(c.tx, viewer=c.actor, product_id=product.id)
    return OwnProduct(
        product=product,
        certificate=held[-1] if held else None,
        is_listed=is_listed,
        uses=len({link.product_id for link in told.downstream}),
        step=next_step(
            product.state,
            is_certified=bool(active),
            has_price=filing is not None,
            is_listed=is_listed,
        ),
    )
