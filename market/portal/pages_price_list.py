"""Serve the public price list (价格清单, GD-07)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from catalog.products import queries as products
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import page
from market.portal.show import cleaned, linker, scenario_names
from market.pricing import queries as pricing
from market.pricing.model import PriceListLine

_PAGE_SIZE: Final = 20


class PriceBoard(msgspec.Struct, frozen=True):
    """A page of the price list, and what the scenarios on it are called."""

    lines: list[PriceListLine]
    next_cursor: str | None
    names: Mapping[uuid.UUID, dict[str, str]]

    def scenario_of(self, line: PriceListLine) -> str:
        """Return what a line's scenario is called by the supplier of its product."""
        return self.names[line.product_id].get(line.scenario, line.scenario)


@get("/price-list", include_in_schema=False)
async def show_price_list(
    request: AnyRequest,
    *,
    scenario: FromQuery[str | None] = None,
    zone: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the public price list by scenario (价格清单, GD-07), of everything or of a zone."""
    wanted, of_zone = cleaned(scenario), cleaned(zone)

    async def look(c: Command) -> PriceBoard:
        found = await pricing.list_prices(
            c.tx, scenario=wanted, zone=of_zone, limit=_PAGE_SIZE, cursor=cursor or None
        )
        names = {
            product_id: scenario_names(await products.find(c.tx, product_id=product_id))
            for product_id in {line.product_id for line in found.items}
        }
        return PriceBoard(found.items, found.next_cursor, names)

    return page(
        request,
        "price_list.html",
        prices=await read(request, look),
        wanted=wanted,
        of_zone=of_zone,
        link=linker("/price-list", {"scenario": wanted, "zone": of_zone}),
        is_continued=bool(cursor),
        signed=linker("/api/v1/price-list/signed", {"scenario": wanted, "zone": of_zone})(
            cursor=cursor or None
        ),
    )
