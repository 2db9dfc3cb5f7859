"""Let a buyer pay an order on a page: where, how much, until when, and whether it has arrived (付款)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from market.http.command import Command, read
from market.http.context import AnyRequest
from market.http.payments import begin
from market.orders import queries as orders
from market.orders.model import Order, Side
from market.orders.queries import OrderMissing
from market.orders.states import Event, allows
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, run_step
from market.portal.order_steps import side_of
from market.portal.pages_orders import PATH
from market.portal.render import NOT_KEPT, page
from market.portal.till import chosen_channel, hear_bank, shown_at_till, waits
from settlement.payments import queries as payments
from settlement.payments.model import Payment

_ONE: Final = "/orders/{order_id:uuid}"


class Till(msgspec.Struct, frozen=True, kw_only=True):
    """An order and how its payment stands."""

    order: Order
    payment: Payment | None
    is_open: bool  # the newest payment waits for the money
    is_due: bool  # money is wanted now


@get(_ONE + "/payment", include_in_schema=False)
async def show_payment(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show how an order is paid: the amount, the reference, until when, and whether it has arrived.

    :raises OrderMissing: if it is not the reader's purchase.
    """
    return await _again(request, order_id, BLANK)


@post(_ONE + "/payments", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def start_payment(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Start to pay through the channel of the form; while one is open, that one is shown."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await begin(c, order_id, chosen_channel(c, fields))

    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, order_id, form)

    return await run_step(request, act, place=f"{PATH}/{order_id}/payment", again=again)


@post(
    _ONE + "/payment-confirmations",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def confirm_payment(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Play the sandbox's bank: it tells that the money came, or that it did not.

    :raises OrderMissing: if it is not the reader's purchase.
    :raises ChannelMissing: if there is no sandbox here.
    """

    async def look(c: Command) -> Payment | None:
        return (await _look(c, order_id)).payment

    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, order_id, form)

    return await hear_bank(request, look, place=f"{PATH}/{order_id}/payment", again=again)


async def _look(c: Command, order_id: uuid.UUID) -> Till:
    order = await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
    if side_of(order, c.actor.party_id) is not Side.BUYER:
        raise OrderMissing
    made = await payments.list_payments(c.tx, order_id)
    newest = made[-1] if made else None
    return Till(
        order=order,
        payment=newest,
        is_open=waits(newest, c.now),
        is_due=allows(order.state, Event.PAY) and not order.is_free,
    )


async def _again(request: AnyRequest, order_id: uuid.UUID, form: Shown) -> Response[bytes]:
    till = await read(request, lambda c: _look(c, order_id))
    return page(
        request,
        "order_payment.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{order_id}/payment",
        till=till,
        order=till.order,
        form=form,
        **shown_at_till(request, till.payment),
    )
