"""Show a buyer all that it buys: what is due first, negotiations, agreements, orders, licences (采购工作台)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get

from catalog.kernel.ids import PartyId
from market.access import queries as access
from market.access.model import Grant
from market.approvals.model import Approval
from market.complaints import queries as complaints
from market.complaints.model import Complaint
from market.contracts import queries as contracts
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.negotiations import queries as negotiations
from market.orders import queries as orders
from market.orders.model import Bundle, Order, Side
from market.orders.states import State
from market.portal import due_first, order_sheet, order_steps, pages_agreements, pages_negotiations
from market.portal.due_first import Due
from market.portal.order_steps import OrderStep, Standing
from market.portal.render import NOT_KEPT, page
from market.portal.workspace_links import BUYING
from market.workbench import queries as workbench
from market.workbench.model import QueueFilter

_SHOWN: Final = 5
_LOOKED_AT: Final = 50
_USABLE: Final = frozenset({State.DELIVERING, State.ACCEPTED, State.SUSPENDED})


class OrderLine(msgspec.Struct, frozen=True):
    """An order, and what comes next with it."""

    order: Order
    step: OrderStep
    approval: Approval | None = None  # that has to be answered first


class Licence(msgspec.Struct, frozen=True):
    """A licence that runs, and of which order."""

    order: Order
    grant: Grant


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """All that a buyer's page shows."""

    due: list[Due]
    negotiations: pages_negotiations.Board
    agreements: pages_agreements.Board
    orders: list[OrderLine]
    licences: list[Licence]
    bundles: list[Bundle]
    complaints: list[Complaint]
    parties: Mapping[PartyId, Party]
    party: Party
    now: dt.datetime


@get("/my/buying", include_in_schema=False)
async def show_buying(request: AnyRequest) -> Response[bytes]:
    """Show what one's party buys, with what ends first at the top."""
    return page(
        request,
        "buying.html",
        cache=NOT_KEPT,
        space=await read(request, _look),
        shown=_SHOWN,
        links=BUYING,
    )


async def order_lines(c: Command, side: Side) -> list[OrderLine]:
    """Return the newest orders on one side of one's party, each with what comes next."""
    found = await orders.list_orders(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    own = [each for each in found.items if order_steps.side_of(each, c.actor.party_id) is side]
    return [await _line(c, each, side) for each in own]


async def trade_due(
    c: Command,
    talks: pages_negotiations.Board,
    held: pages_agreements.Board,
    ordered: list[OrderLine],
) -> list[Due | None]:
    """Return what negotiations, agreements, orders and periods of law wait for from one's party."""
    owed = await workbench.queue(
        c.tx,
        viewer=c.actor,
        now=c.now,
        calendar=await c.calendar(),
        wanted=QueueFilter(),
        limit=_LOOKED_AT,
    )
    return [
        *(due_first.of_timer(item) for item in owed.items),
        *(due_first.of_negotiation(each.negotiation, each.product) for each in talks.items),
        *(
            due_first.of_agreement(each.agreement, each.told.product, c.actor.party, c.now)
            for each in held.items
        ),
        *(due_first.of_order(each.order, each.step) for each in ordered),
    ]


async def _look(c: Command) -> Workspace:
    talked = await negotiations.list_page(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    agreed = await contracts.list_page(c.tx, viewer=c.actor, limit=_LOOKED_AT)
    talks = await pages_negotiations.board(c, talked.items, talked.next_cursor)
    held = pages_agreements.board(c, agreed)
    ordered = await order_lines(c, Side.BUYER)
    complained = await complaints.list_own(c.tx, viewer=c.actor, is_against=False, limit=_LOOKED_AT)
    due = [
        *await trade_due(c, talks, held, ordered),
        *(due_first.of_complaint(each, c.now) for each in complained.items),
    ]
    return Workspace(
        due=due_first.first(each for each in due if each is not None),
        negotiations=talks,
        agreements=held,
        orders=ordered,
        licences=await _licences(c, ordered),
        bundles=await _bundles(c, ordered),
        complaints=complained.items,
        parties=await identity.get_parties(
            c.tx, {each.order.supplier_party_id for each in ordered}
        ),
        party=await identity.get_party(c.tx, c.actor.party),
        now=c.now,
    )


async def _licences(c: Command, ordered: list[OrderLine]) -> list[Licence]:
    found = []
    for each in ordered:
        if each.order.state in _USABLE:
            grant = await access.find_for_order(c.tx, order_id=each.order.id)
            if grant is not None:
                found.append(Licence(each.order, grant))
    return found


async def _bundles(c: Command, ordered: list[OrderLine]) -> list[Bundle]:
    named = dict.fromkeys(each.order.bundle_id for each in ordered)
    return [
        (await orders.get_bundle(c.tx, viewer=c.actor, bundle_id=bundle_id)).bundle
        for bundle_id in named
        if bundle_id is not None
    ]


async def _line(c: Command, order: Order, side: Side) -> OrderLine:
    """Return an order with what comes next: before a signature that may be one's own organisation's word."""
    if order.state is not State.CLEARED:
        return OrderLine(order, order_steps.next_of(order, side))
    contract = await order_sheet.contract_of(c, order)
    signed = () if contract is None else contract.signatures
    approval = order_sheet.awaited(await order_sheet.approvals_of(c, order, side), c.now)
    stands = Standing(
        has_signed=side in {each.side for each in signed},
        asks_approval=await order_sheet.asks_approval(c, order, side, contract),
        awaits_approval=approval is not None,
    )
    step = order_steps.next_of(order, side, stands)
    return OrderLine(order, step, None if stands.has_signed else approval)
