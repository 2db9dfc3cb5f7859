"""Show what was charged of an order that pays as it uses, and take more money for it (按量计费)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest, context
from market.http.payments import StartedPayment, channel_of
from market.orders import queries as orders
from market.orders.operations import charging
from settlement.charging import queries as accounts
from settlement.charging.model import AccountStanding, Charge
from settlement.payments import operations as payments
from settlement.payments.channel import Channel


class TopUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much the buyer pays in, in fen, and through which channel."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**15)]
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] = payments.SANDBOX


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, and a page of the windows that were charged, the first one first."""

    standing: AccountStanding
    balance_fen: int
    owed_fen: int
    items: list[Charge]
    next_cursor: str | None


@get(
    "/api/v1/orders/{order_id:uuid}/charges",
    summary="What was charged of an order",
    tags=["orders"],
    opt=answers(Charges),
)
async def list_charges(
    request: AnyRequest,
    order_id: FromPath[uuid.UUID],
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return balance, debt and its last day, and every window from use to use with what it cost.

    Each window names the digest of its last use, so that whoever has the usage statement computes the
    same sums.
    """

    async def look(c: Command) -> Charges:
        await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)  # Missing if a stranger's
        standing = await accounts.get_standing(c.tx, order_id)
        page = await accounts.list_charges(c.tx, order_id, limit=limit, cursor=cursor)
        return Charges(
            standing=standing,
            balance_fen=standing.balance_fen,
            owed_fen=standing.owed_fen,
            items=page.items,
            next_cursor=page.next_cursor,
        )

    return answer(await read(request, look))


@post(
    "/api/v1/orders/{order_id:uuid}/top-ups",
    summary="Pay in more for an order that pays as it uses",
    tags=["payments"],
    opt=creates(StartedPayment),
)
async def start_top_up(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[TopUp]
) -> Response[bytes]:
    """Start to pay more into the escrow of an order; what is owed is taken from it first (补款)."""
    channel = channel_of(context(request), data.channel)

    async def act(c: Command) -> Answer:
        started = await begin_top_up(c, order_id, channel, data.amount_fen)
        return created(started, f"/api/v1/orders/{order_id}/charges")

    return await command(request, act)


async def begin_top_up(
    c: Command, order_id: uuid.UUID, channel: Channel, amount_fen: int
) -> StartedPayment:
    """Start to collect more for an order, and ask the channel where the buyer pays.

    :raises NotPermitted: if the actor pays no orders (and the others of ``charging.start_top_up``).
    """
    payment = await charging.start_top_up(
        c.tx,
        actor=c.actor,
        now=c.now,
        order_id=order_id,
        amount_fen=amount_fen,
        channel=channel.name,
        lifetime=channel.lifetime,
    )
    instruction = await channel.prepare(payment.request())
    payment = await payments.submit(
        c.tx, payment=payment, channel_reference=instruction.channel_reference
    )
    return StartedPayment(payment=payment, pay_at=instruction.pay_at)
