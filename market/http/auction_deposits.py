"""Bidders' deposits: pay what an auction asks for, take it back before the end, see how it stands (竞买保证金)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from market.auctions import queries as auctions
from market.auctions.operations import deposits as operations
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, context
from market.http.payments import StartPayment, channel_of
from settlement.deposits.model import Deposit
from settlement.payments import operations as payments
from settlement.payments.channel import Channel
from settlement.payments.model import Payment

_AT = "/api/v1/auctions/{auction_id:uuid}"


class StartedDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit, its payment, and where the bidder pays."""

    deposit: Deposit
    payment: Payment
    pay_at: str


@post(
    _AT + "/deposits",
    summary="Pay the deposit of an auction",
    tags=["auctions"],
    opt=creates(StartedDeposit),
)
async def start_deposit(
    request: AnyRequest, auction_id: FromPath[uuid.UUID], data: JSONBody[StartPayment]
) -> Response[bytes]:
    """Start to pay the deposit; while a payment is open, starting gives the open one (缴纳保证金)."""
    channel = channel_of(context(request), data.channel)

    async def act(c: Command) -> Answer:
        started = await begin(c, auction_id, channel)
        return created(started, f"/api/v1/auctions/{auction_id}/deposits")

    return await command(request, act)


async def begin(c: Command, auction_id: uuid.UUID, channel: Channel) -> StartedDeposit:
    """Start to collect a deposit, and ask the channel where the bidder pays.

    :raises NotPermitted: if the actor buys nothing (and the others of ``operations.start``).
    """
    deposit, payment = await operations.start(
        c.tx,
        actor=c.actor,
        now=c.now,
        auction_id=auction_id,
        channel=channel.name,
        lifetime=channel.lifetime,
    )
    instruction = await channel.prepare(payment.request())
    payment = await payments.submit(
        c.tx, payment=payment, channel_reference=instruction.channel_reference
    )
    return StartedDeposit(deposit=deposit, payment=payment, pay_at=instruction.pay_at)


@get(
    _AT + "/deposits",
    summary="One's own deposits for an auction",
    tags=["auctions"],
    opt=answers(list[Deposit], refusals=(404,)),
)
async def list_deposits(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return what one laid down for an auction, the newest last, and how it stands."""

    async def look(c: Command) -> list[Deposit]:
        return await auctions.list_deposits(c.tx, viewer=c.actor, auction_id=auction_id)

    return answer(await read(request, look))


@post(
    _AT + "/deposit-withdrawals",
    summary="Take one's deposit back",
    tags=["auctions"],
    opt=answers(Deposit),
)
async def withdraw_deposit(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take one's deposit back before the end, having no bid that stands (退出竞买)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, auction_id=auction_id)
        )

    return await command(request, act)
