"""Show a buyer what it ordered together, and how far each part is (组合订单)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from catalog.kernel.ids import PartyId
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.orders import queries as orders
from market.orders.model import BundleFile
from market.portal.render import NOT_KEPT, page


class BundleSheet(msgspec.Struct, frozen=True):
    """A bundle, and what its suppliers are called."""

    file: BundleFile
    parties: Mapping[PartyId, Party]


@get("/bundles/{bundle_id:uuid}", include_in_schema=False)
async def show_bundle(request: AnyRequest, bundle_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a bundle to its buyer, with every order of it."""

    async def look(c: Command) -> BundleSheet:
        file = await orders.get_bundle(c.tx, viewer=c.actor, bundle_id=bundle_id)
        suppliers = {each.supplier_party_id for each in file.orders}
        return BundleSheet(file, await identity.get_parties(c.tx, suppliers))

    return page(request, "bundle.html", cache=NOT_KEPT, sheet=await read(request, look))
