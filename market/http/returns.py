"""Refund an order after its money was paid out (放款后退款)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.kernel.ids import new_id
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest
from market.orders import queries as orders
from settlement.returns import operations, queries
from settlement.returns.model import Return


class GrantReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much goes back to the buyer."""

    amount_fen: Annotated[int, Meta(ge=1, le=10**15)]


@post(
    "/api/v1/orders/{order_id:uuid}/returns",
    summary="Refund after the release",
    tags=["payments"],
    opt=creates(Return),
)
async def grant_return(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[GrantReturn]
) -> Response[bytes]:
    """Take back from those who shared, by the legs that were paid, and owe it to the buyer."""

    async def act(c: Command) -> Answer:
        await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
        granted = await operations.give_back(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=order_id,
            key=new_id(),
            amount_fen=data.amount_fen,
        )
        return created(granted, f"/api/v1/orders/{order_id}/returns")

    return await command(request, act)


@get(
    "/api/v1/orders/{order_id:uuid}/returns",
    summary="Refunds after the release",
    tags=["payments"],
    opt=answers(list[Return]),
)
async def list_returns(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return what went back of an order after its release, and who gave it."""

    async def look(c: Command) -> list[Return]:
        await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
        return await queries.list_returns(c.tx, order_id=order_id)

    return answer(await read(request, look))
