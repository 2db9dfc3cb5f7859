"""Lay down what operators of public data may take, and see how much of it was (最高准许收入)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.allowed_revenue import operations, queries
from market.allowed_revenue.model import Allowance, AmountFen, Burn, Decided
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest


class CompareActuals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the period really cost, and how much was served."""

    actual_cost_fen: AmountFen
    actual_volume: Annotated[int, Meta(ge=0, le=10**15)]


class SayAdjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fees or ceilings were adjusted."""

    adjustment: Annotated[str, Meta(min_length=1, max_length=2_000)]


@post(
    "/api/v1/allowed-revenues",
    summary="Lay down an allowed revenue",
    tags=["pricing"],
    opt=creates(Allowance),
)
async def lay_down(request: AnyRequest, data: JSONBody[Decided]) -> Response[bytes]:
    """Lay down what an operator may take in a period: cost + cost × rate + tax, less what it owes."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        allowance = await operations.lay_down(c.tx, actor=c.actor, now=c.now, decided=data)
        return created(allowance, "/api/v1/allowed-revenues")

    return await command(request, act)


@get(
    "/api/v1/allowed-revenues",
    summary="Allowed revenues",
    tags=["pricing"],
    opt=answers(Page[Burn]),
)
async def list_allowed_revenues(
    request: AnyRequest,
    *,
    operator_party_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return allowances with what settled orders took of them by now: one's own, or all."""

    async def look(c: Command) -> Page[Burn]:
        return await queries.list_allowances(
            c.tx,
            viewer=c.actor,
            operator_party_id=operator_party_id,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@post(
    "/api/v1/allowed-revenues/{allowance_id:uuid}/comparisons",
    summary="Compare with what really was",
    tags=["pricing"],
    opt=answers(Allowance),
)
async def compare(
    request: AnyRequest, allowance_id: FromPath[uuid.UUID], data: JSONBody[CompareActuals]
) -> Response[bytes]:
    """Compare actual cost and volume with the filed ones; up to 10 % fees are adjusted, else ceilings."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.compare(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                allowance_id=allowance_id,
                actual_cost_fen=data.actual_cost_fen,
                actual_volume=data.actual_volume,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/allowed-revenues/{allowance_id:uuid}/adjustments",
    summary="Say what was adjusted",
    tags=["pricing"],
    opt=answers(Allowance),
)
async def adjust(
    request: AnyRequest, allowance_id: FromPath[uuid.UUID], data: JSONBody[SayAdjustment]
) -> Response[bytes]:
    """Say how fees were adjusted, as their operator, or ceilings, as the authority."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.adjust(
                c.tx,
                actor=c.actor,
                now=c.now,
                allowance_id=allowance_id,
                adjustment=data.adjustment,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/allowed-revenues/{allowance_id:uuid}/closings",
    summary="Close a period",
    tags=["pricing"],
    opt=answers(Allowance),
)
async def close(request: AnyRequest, allowance_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Close a period that is over: what was taken too much comes off the next one (结转)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.close(c.tx, actor=c.actor, now=c.now, allowance_id=allowance_id)
        )

    return await command(request, act)
