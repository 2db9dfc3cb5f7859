"""Yearly plans of opening public data: write, publish, keep, postpone (公共数据开放年度计划, GD-08)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from catalog.products.metadata import check_readable
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest
from market.open_plans import operations, queries
from market.open_plans.model import Draft, Item, Plan, PlanFile, Postponement, Promise


class KeepPromise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which product what was promised is open."""

    product_id: uuid.UUID


@get("/api/v1/open-plans", summary="Yearly plans", tags=["open data"], opt=answers(list[Plan]))
async def list_open_plans(request: AnyRequest) -> Response[bytes]:
    """Return the yearly plans that are published, the newest first; to the authority its drafts too."""

    async def look(c: Command) -> list[Plan]:
        return await queries.list_plans(c.tx)

    return answer(await read(request, look))


@get(
    "/api/v1/open-plans/{year:int}",
    summary="The plan of a year",
    tags=["open data"],
    opt=answers(PlanFile),
)
async def get_open_plan(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Return what a plan promises, priority fields first, what is late, how far each department is."""

    async def look(c: Command) -> PlanFile:
        return await queries.get(c.tx, year=queries.check_year(year), now=c.now)

    return answer(await read(request, look))


@put(
    "/api/v1/open-plans/{year:int}",
    summary="Write the plan of a year",
    tags=["open data"],
    opt=answers(PlanFile),
)
async def write_open_plan(
    request: AnyRequest, year: FromPath[int], data: JSONBody[Draft]
) -> Response[bytes]:
    """Write the plan of a year, or write it anew as long as it is not published."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.write(
                c.tx, actor=c.actor, now=c.now, year=queries.check_year(year), draft=data
            )
        )

    return await command(request, act)


@post(
    "/api/v1/open-plans/{year:int}/publications",
    summary="Publish the plan of a year",
    tags=["open data"],
    opt=answers(PlanFile),
)
async def publish_open_plan(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Publish the plan of a year; the clock of the next one begins."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.publish(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                year=queries.check_year(year),
            )
        )

    return await command(request, act)


@post(
    "/api/v1/open-plans/{year:int}/items",
    summary="Add to a published plan",
    tags=["open data"],
    opt=answers(PlanFile),
)
async def add_open_plan_item(
    request: AnyRequest, year: FromPath[int], data: JSONBody[Promise]
) -> Response[bytes]:
    """Add something that a department will open to a plan that is published."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.add(
                c.tx, actor=c.actor, now=c.now, year=queries.check_year(year), promise=data
            )
        )

    return await command(request, act)


@post(
    "/api/v1/open-plan-items/{item_id:uuid}/openings",
    summary="Keep what was promised",
    tags=["open data"],
    opt=answers(Item),
)
async def keep_open_plan_item(
    request: AnyRequest, item_id: FromPath[uuid.UUID], data: JSONBody[KeepPromise]
) -> Response[bytes]:
    """Say by which open product a promise is kept."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.keep(
                c.tx, actor=c.actor, now=c.now, item_id=item_id, product_id=data.product_id
            )
        )

    return await command(request, act)


@post(
    "/api/v1/open-plan-items/{item_id:uuid}/postponements",
    summary="Postpone what was promised",
    tags=["open data"],
    opt=answers(Item),
)
async def postpone_open_plan_item(
    request: AnyRequest, item_id: FromPath[uuid.UUID], data: JSONBody[Postponement]
) -> Response[bytes]:
    """Put off what was promised, with a reason that everybody reads."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.postpone(c.tx, actor=c.actor, now=c.now, item_id=item_id, until=data)
        )

    return await command(request, act)
