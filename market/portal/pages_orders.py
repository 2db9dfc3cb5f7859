"""Show an order to its two parties (我的订单): how far it is, what was used, its bill, all that proves it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.access import queries as access
from market.access.model import Grant
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.orders import queries as orders
from market.orders.contract import read_document
from market.orders.model import Order
from market.orders.queries import ContractMissing, OrderMissing
from market.portal.render import NOT_KEPT, page
from market.portal.show import address
from market.proof_bundles import bill as bills
from settlement.ledger import queries as books
from settlement.ledger.journal import read_record


class OrderSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What its parties see of an order."""

    order: Order
    parties: Mapping[PartyId, Party]
    grant: Grant | None
    bill: bills.Bill | None  # None: no contract yet


class OrderList(msgspec.Struct, frozen=True):
    """A page of orders, and what their parties are called."""

    page: Page[Order]
    parties: Mapping[PartyId, Party]


@get("/orders", include_in_schema=False)
async def show_orders(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the orders in which one's party buys or sells, the newest first."""

    async def look(c: Command) -> OrderList:
        found = await orders.list_orders(c.tx, viewer=c.actor, cursor=cursor or None)
        sides = {
            party for each in found.items for party in (each.buyer_party_id, each.supplier_party_id)
        }
        return OrderList(found, await identity.get_parties(c.tx, sides))

    listed = await read(request, look)
    following = listed.page.next_cursor
    return page(
        request,
        "orders.html",
        cache=NOT_KEPT,
        listed=listed,
        following=following and address("/orders", {"cursor": following}),
        is_continued=bool(cursor),
    )


@get("/orders/{order_id:uuid}", include_in_schema=False)
async def show_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one order to its buyer or its supplier; whoever supervises reads it by the interface.

    :raises OrderMissing: if there is none, or it is another's.
    """

    async def look(c: Command) -> OrderSheet:
        order = await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
        sides = {order.buyer_party_id, order.supplier_party_id}
        if c.actor.party_id not in sides:
            raise OrderMissing
        grant = await access.find_for_order(c.tx, order_id=order_id)
        return OrderSheet(
            order=order,
            parties=await identity.get_parties(c.tx, sides),
            grant=grant,
            bill=await _bill(c, order, 0 if grant is None else grant.used),
        )

    return page(request, "order.html", cache=NOT_KEPT, sheet=await read(request, look))


async def _bill(c: Command, order: Order, used: int) -> bills.Bill | None:
    """Return the bill as it stands, computed by the rule that its proof is checked with."""
    try:
        contract = await orders.get_contract(c.tx, viewer=c.actor, order_id=order.id)
    except ContractMissing:
        return None
    ledger = await books.get_order_ledger(c.tx, order.id)
    entries = [read_record(each.record.encode()) for each in ledger.entries]
    return bills.bill(read_document(contract.document), units_used=used, entries=entries)
