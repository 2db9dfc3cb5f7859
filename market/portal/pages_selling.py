"""Show a supplier all that it sells: what is due first, listings, filings, prices, orders (销售工作台)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get

from catalog.kernel.ids import PartyId
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.timers import queries as timers
from catalog.timers.model import Timer
from market.allowed_revenue import queries as allowed_revenue
from market.allowed_revenue.model import Burn
from market.complaints import queries as complaints
from market.complaints.model import Complaint
from market.contracts import queries as contracts
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.wording import name_of
from market.identity import queries as identity
from market.identity.model import Party
from market.listings import queries as listings
from market.listings.model import Listing
from market.negotiations import queries as negotiations
from market.orders.model import Side
from market.portal import due_first, pages_agreements, pages_negotiations
from market.portal.due_first import Due
from market.portal.pages_buying import OrderLine, order_lines, trade_due
from market.portal.pages_negotiations import product_name
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.workspace_links import SELLING
from market.pricing import deadlines
from market.pricing import queries as pricing
from market.pricing.model import Filing
from market.special_prices import queries as special_prices
from market.special_prices.model import SpecialPrice

_SHOWN: Final = 5
_LOOKED_AT: Final = 50

#: On which page of ours a thing is put right that the gate misses; all else is done by the interface.
WAYS: Final[Mapping[str, str]] = {
    "certificate_not_active": "/applications",
    "product_expired": "/applications",
    "product_not_described": "/my/products",
    "classification_missing": "/my/products",
    "dictionary_contradicts_file": "/my/products",
    "personal_information_undeclared": "/my/products",
    "important_data_undetermined": "/my/products",
    "raw_public_data_not_marketable": "/my/products",
}


class FilingLine(msgspec.Struct, frozen=True):
    """A filing, and the clocks that run over it."""

    filing: Filing
    clocks: list[Timer]


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """All that a supplier's page shows."""

    due: list[Due]
    products: list[Product]
    listings: list[Listing]
    filings: list[FilingLine]
    special_prices: list[SpecialPrice]
    burns: list[Burn]
    negotiations: pages_negotiations.Board
    agreements: pages_agreements.Board
    orders: list[OrderLine]
    complaints: list[Complaint]
    names: Mapping[uuid.UUID, str]  # of products
    parties: Mapping[PartyId, Party]
    now: dt.datetime


@get("/my/selling", include_in_schema=False)
async def show_selling(request: AnyRequest) -> Response[bytes]:
    """Show what one's party sells, with what ends first at the top."""
    return page(
        request,
        "selling.html",
        cache=NOT_KEPT,
        space=await read(request, _look),
        shown=_SHOWN,
        links=SELLING,
        ways=WAYS,
        gate=lambda code: name_of("listing_not_eligible", "items", code, language_of(request)),
    )


async def _look(c: Command) -> Workspace:
    talked = await negotiations.list_page(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    agreed = await contracts.list_page(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    own = await products.list_own(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    offered = await listings.list_listings(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    filed = await pricing.list_filings(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    special = await special_prices.list_special_prices(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    burns = await allowed_revenue.list_allowances(c.tx, viewer=c.actor, limit=_SHOWN)
    against = await complaints.list_own(c.tx, viewer=c.actor, is_against=True, limit=_LOOKED_AT)
    talks = await pages_negotiations.board(c, talked.items, talked.next_cursor)
    held = pages_agreements.board(c, agreed)
    ordered = await order_lines(c, Side.SUPPLIER)
    due = [
        *await trade_due(c, talks, held, ordered),
        *(due_first.of_complaint(each, c.now) for each in against.items),
    ]
    sold = [each for each in special.items if each.supplier_party_id == c.actor.party]
    buyers = {each.order.buyer_party_id for each in ordered}
    named = {
        *(each.product_id for each in offered.items),
        *(each.product_id for each in filed.items),
        *(each.product_id for each in sold),
    }
    return Workspace(
        due=due_first.first(each for each in due if each is not None),
        products=own.items,
        listings=offered.items,
        filings=[await _with_clocks(c, each) for each in filed.items[:_SHOWN]],
        special_prices=sold,
        burns=burns.items,
        negotiations=talks,
        agreements=held,
        orders=ordered,
        complaints=against.items,
        names={each: await product_name(c, each) for each in named},
        parties=await identity.get_parties(c.tx, buyers | {each.buyer_party_id for each in sold}),
        now=c.now,
    )


async def _with_clocks(c: Command, filing: Filing) -> FilingLine:
    told = await timers.list_for_subject(c.tx, subject_kind=deadlines.SUBJECT, subject_id=filing.id)
    return FilingLine(filing, [each for each in told if each.ended_at is None])
