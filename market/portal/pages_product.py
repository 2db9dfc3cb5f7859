"""Serve the page of one product, with all around it that is public (产品详情)."""

from __future__ import annotations

import uuid
from typing import Final

import markupsafe
import msgspec
from litestar import Response, get
from litestar.params import FromPath

from catalog.certificates import queries as certificates
from catalog.certificates.model import CertificateSummary
from catalog.formats import schema_org
from catalog.formats.facts import Facts
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.recognition import queries as recognition
from catalog.recognition.model import PublicForeignCertificate
from catalog.recognition.states import State as Foreign
from market.http.catalogue_dcat import site_of
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.negotiation import elsewhere
from market.listings import queries as listings
from market.portal.render import page
from market.portal.show import scenario_names
from market.pricing import queries as pricing
from market.pricing.model import Filing, PriceListLine
from market.public_catalogue.queries import facts as public_catalogue

_PRICES_OF_A_PRODUCT: Final = 100


class Offer(msgspec.Struct, frozen=True):
    """A product with all that is public around it."""

    product: Product
    certificates: list[CertificateSummary]
    prices: list[PriceListLine]
    filing: Filing | None
    is_listed: bool
    foreign: list[PublicForeignCertificate]
    facts: Facts | None  # what everybody may know; None while nobody else sees it

    @property
    def scenario_names(self) -> dict[str, str]:
        """Return the supplier's own words for the codes of its scenarios."""
        return scenario_names(self.product)

    @property
    def certificate(self) -> CertificateSummary | None:
        """Return the newest certificate, whatever its state."""
        return self.certificates[-1] if self.certificates else None


@get("/products/{product_id:uuid}", include_in_schema=False)
async def show_product(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one product: what it is, for what, from what, certified or not, at what price."""
    if there := elsewhere(request, product_id):
        return there

    async def look(c: Command) -> Offer:
        prices = await pricing.list_prices(c.tx, product_id=product_id, limit=_PRICES_OF_A_PRODUCT)
        return Offer(
            product=await products.get(c.tx, viewer=c.actor, product_id=product_id),
            certificates=await certificates.list_of_product(c.tx, product_id),
            prices=prices.items,
            filing=await pricing.find_any_effective(c.tx, product_id=product_id),
            foreign=(
                await recognition.list_page(
                    c.tx, today=local_date(c.now), product_id=product_id, state=Foreign.RECOGNISED
                )
            ).items,
            is_listed=await listings.find_listed(c.tx, product_id=product_id) is not None,
            facts=await public_catalogue.find_facts(c.tx, product_id=product_id),
        )

    offer = await read(request, look)
    said = None if offer.facts is None else schema_org.script(offer.facts, site_of(request))
    return page(
        request,
        "product.html",
        offer=offer,
        product=offer.product,
        linked_data=None if said is None else markupsafe.Markup(said),  # noqa: S704 - escaped there
    )
