"""Demands for open data: hand in, look up, join, answer (开放需求征集, GD-08)."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.data_demands import operations, queries
from market.data_demands.model import Answered, Asked, Demand, LookedUp, Receipt, Reply
from market.data_demands.states import State
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    read,
    secret_command,
)
from market.http.context import AnyRequest


class LookUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret that was handed out when the demand was handed in."""

    secret: Annotated[str, Meta(min_length=1, max_length=100)]


class JoinDemand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which demand for the same thing this one is joined."""

    into: uuid.UUID


@post(
    "/api/v1/data-demands",
    summary="Ask for data to be opened",
    tags=["open data"],
    opt=creates(Receipt),
)
async def hand_in_demand(request: AnyRequest, data: JSONBody[Asked]) -> Response[bytes]:
    """Ask for data to be opened, signed in or not; the secret looks the answer up."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        receipt = await operations.hand_in(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), asked=data
        )
        return created(receipt, "/api/v1/data-demand-lookups")

    digest = hashlib.sha256(msgspec.json.encode(data)).digest()
    return await secret_command(request, act, body_sha256=digest)


@post(
    "/api/v1/data-demand-lookups",
    status_code=200,
    summary="Look one's demand up",
    tags=["open data"],
    opt=answers(LookedUp, refusals=(400, 404, 422)),
)
async def look_demand_up(request: AnyRequest, data: JSONBody[LookUp]) -> Response[bytes]:
    """Return how far one's demand is, by its secret, and what was answered."""

    async def look(c: Command) -> LookedUp:
        return await queries.look_up(c.tx, secret_sha256=operations.digest(data.secret))

    return answer(await read(request, look))


@get(
    "/api/v1/data-demand-answers",
    summary="Answered demands",
    tags=["open data"],
    opt=answers(Page[Answered]),
)
async def list_demand_answers(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what was answered to demands, the newest first, and what came of it."""

    async def look(c: Command) -> Page[Answered]:
        return await queries.list_answers(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/data-demands",
    summary="Demands as they were handed in",
    tags=["open data"],
    opt=answers(Page[Demand]),
)
async def list_demands(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return demands with the words of who asked, for whoever answers them; it is remembered."""

    async def look(c: Command) -> Page[Demand]:
        return await queries.list_demands(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/data-demands/{demand_id:uuid}/joinings",
    summary="Join a demand to another one",
    tags=["open data"],
    opt=answers(Demand),
)
async def join_demand(
    request: AnyRequest, demand_id: FromPath[uuid.UUID], data: JSONBody[JoinDemand]
) -> Response[bytes]:
    """Join a demand to another one for the same thing; that one's answer is its answer."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.join(
                c.tx, actor=c.actor, now=c.now, demand_id=demand_id, into=data.into
            )
        )

    return await command(request, act)


@post(
    "/api/v1/data-demands/{demand_id:uuid}/answers",
    summary="Answer a demand",
    tags=["open data"],
    opt=answers(Answered),
)
async def answer_demand(
    request: AnyRequest, demand_id: FromPath[uuid.UUID], data: JSONBody[Reply]
) -> Response[bytes]:
    """Answer a demand and all that were joined to it, in words that everybody may read."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.answer(c.tx, actor=c.actor, now=c.now, demand_id=demand_id, reply=data)
        )

    return await command(request, act)
