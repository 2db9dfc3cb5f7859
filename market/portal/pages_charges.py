"""Show what was charged of an order that pays as it uses, and let its buyer pay in more (按量计费)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.http.charging import begin_top_up
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.payments import channel_of
from market.orders import queries as orders
from market.orders.model import Order, Side
from market.portal.auction_fields import read_fen
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, filled_in, run_step
from market.portal.order_steps import side_of
from market.portal.pages_orders import PATH
from market.portal.render import NOT_KEPT, page
from market.portal.show import address
from settlement.charging import queries as accounts
from settlement.charging.model import AccountStanding, Charge
from settlement.charging.states import State

_ONE: Final = "/orders/{order_id:uuid}"


class _TopUp(msgspec.Struct, frozen=True):
    """Through which channel; how much is read for itself."""

    channel: str


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """An order, how its account stands, and a page of its windows."""

    order: Order
    standing: AccountStanding
    charges: Page[Charge]
    may_pay: bool


@get(_ONE + "/charges", include_in_schema=False)
async def show_charges(
    request: AnyRequest,
    order_id: FromPath[uuid.UUID],
    *,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show balance, debt and its last day, and every window with what it cost (计费明细).

    :raises OrderMissing: if there is no order that the reader may see.
    :raises UsageAccountMissing: if it does not pay as it uses, or was not delivered.
    """
    meter = await read(request, lambda c: _look(c, order_id, cursor))
    return _page(request, meter, BLANK, is_continued=bool(cursor))


@post(_ONE + "/top-ups", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def start_top_up(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Start to pay in more; where and until when stands on the page of the payment (补款)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        channel = channel_of(c.context, filled_in(_TopUp, fields).channel)
        await begin_top_up(c, order_id, channel, read_fen(fields, "amount"))

    async def again(form: Shown) -> Response[bytes]:
        meter = await read(request, lambda c: _look(c, order_id, None))
        return _page(request, meter, form)

    return await run_step(request, act, place=f"{PATH}/{order_id}/payment", again=again)


async def _look(c: Command, order_id: uuid.UUID, cursor: str | None) -> Meter:
    order = await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
    standing = await accounts.get_standing(c.tx, order_id)
    is_buyer = side_of(order, c.actor.party_id) is Side.BUYER
    return Meter(
        order=order,
        standing=standing,
        charges=await accounts.list_charges(c.tx, order_id, cursor=cursor),
        may_pay=is_buyer
        and c.actor.may("order:pay")
        and standing.account.state is not State.SETTLED,
    )


def _page(
    request: AnyRequest, meter: Meter, form: Shown, *, is_continued: bool = False
) -> Response[bytes]:
    place = f"{PATH}/{meter.order.id}/charges"
    following = meter.charges.next_cursor
    return page(
        request,
        "order_charges.html",
        status=form.status,
        cache=NOT_KEPT,
        at=place,
        meter=meter,
        order=meter.order,
        standing=meter.standing,
        account=meter.standing.account,
        channels=sorted(context(request).channels),
        now=context(request).now(),
        first=place,
        following=following and address(place, {"cursor": following}),
        is_continued=is_continued,
        form=form,
    )
