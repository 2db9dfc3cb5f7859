"""Invited quotes: ask, quote, compare, choose (邀请报价、询价)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.http.demand_posts import SayWhy
from market.quotes import queries
from market.quotes.model import Quote, QuoteOffered, QuoteRequest, QuotesAsked, RequestFile
from market.quotes.operations import deciding, inviting, quoting
from market.quotes.states import State

BASE = "/api/v1/quote-requests"
ONE = BASE + "/{request_id:uuid}"


class AcceptQuote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the opened quotes is chosen."""

    quote_id: uuid.UUID


@post(
    "/api/v1/demand-posts/{post_id:uuid}/quote-requests",
    summary="Ask for quotes",
    tags=["quotes"],
    opt=creates(QuoteRequest),
)
async def ask_for_quotes(
    request: AnyRequest, post_id: FromPath[uuid.UUID], data: JSONBody[QuotesAsked]
) -> Response[bytes]:
    """Invite suppliers to quote on a demand, as its buyer or the operator for it (邀请报价)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        sent = await inviting.send(c.tx, actor=c.actor, now=c.now, post_id=post_id, asked=data)
        return created(sent, f"{BASE}/{sent.id}")

    return await command(request, act)


@get(BASE, summary="Quote requests", tags=["quotes"], opt=answers(Page[QuoteRequest]))
async def list_quote_requests(
    request: AnyRequest,
    *,
    post_id: FromQuery[uuid.UUID | None] = None,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the requests of one's own party and those to it, newest first; to the houses all."""

    async def look(c: Command) -> Page[QuoteRequest]:
        return await queries.list_requests(
            c.tx, viewer=c.actor, post_id=post_id, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(ONE, summary="A quote request", tags=["quotes"], opt=answers(RequestFile))
async def get_quote_request(
    request: AnyRequest, request_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return a request: to its buyer with the opened quotes, to a supplier with its own."""

    async def look(c: Command) -> RequestFile:
        return await queries.get_file(c.tx, viewer=c.actor, request_id=request_id)

    return answer(await read(request, look))


@post(ONE + "/quotes", summary="Quote", tags=["quotes"], opt=creates(Quote))
async def submit_quote(
    request: AnyRequest, request_id: FromPath[uuid.UUID], data: JSONBody[QuoteOffered]
) -> Response[bytes]:
    """Quote on a demand to which one was invited; until the deadline nobody else reads it (报价)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        quote = await quoting.submit(
            c.tx, actor=c.actor, now=c.now, request_id=request_id, offered=data
        )
        return created(quote, f"{BASE}/{request_id}")

    return await command(request, act)


@post(
    "/api/v1/quotes/{quote_id:uuid}/withdrawals",
    summary="Take a quote back",
    tags=["quotes"],
    opt=answers(Quote),
)
async def withdraw_quote(request: AnyRequest, quote_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take one's own quote back before the deadline (撤回报价)."""

    async def act(c: Command) -> Answer:
        return done(await quoting.withdraw(c.tx, actor=c.actor, now=c.now, quote_id=quote_id))

    return await command(request, act)


@post(ONE + "/acceptances", summary="Choose a quote", tags=["quotes"], opt=answers(QuoteRequest))
async def accept_quote(
    request: AnyRequest, request_id: FromPath[uuid.UUID], data: JSONBody[AcceptQuote]
) -> Response[bytes]:
    """Choose one of the opened quotes; it is negotiated on its terms (选定报价)."""

    async def act(c: Command) -> Answer:
        return done(
            await deciding.accept(
                c.tx,
                actor=c.actor,
                now=c.now,
                request_id=request_id,
                quote_id=data.quote_id,
            )
        )

    return await command(request, act)


@post(ONE + "/declinations", summary="Choose none", tags=["quotes"], opt=answers(QuoteRequest))
async def decline_quotes(
    request: AnyRequest, request_id: FromPath[uuid.UUID], data: JSONBody[SayWhy]
) -> Response[bytes]:
    """Choose none of the opened quotes, and say why (均不选定)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await deciding.decline(
                c.tx, actor=c.actor, now=c.now, request_id=request_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    ONE + "/withdrawals",
    summary="Take a quote request back",
    tags=["quotes"],
    opt=answers(QuoteRequest),
)
async def withdraw_quote_request(
    request: AnyRequest, request_id: FromPath[uuid.UUID], data: JSONBody[SayWhy]
) -> Response[bytes]:
    """Take a request back before anything was chosen; who was invited is told why (撤回询价)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await inviting.withdraw(
                c.tx, actor=c.actor, now=c.now, request_id=request_id, reason=data.reason
            )
        )

    return await command(request, act)
