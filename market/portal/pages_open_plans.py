"""Serve the yearly plans of opening public data as pages (公共数据开放年度计划, GD-08)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from market.http.command import Command, read
from market.http.context import AnyRequest
from market.open_plans import queries
from market.open_plans.model import Plan, PlanFile
from market.portal.render import page


@get("/open-plans", include_in_schema=False)
async def list_open_plans(request: AnyRequest) -> Response[bytes]:
    """Show of which years there are plans."""

    async def look(c: Command) -> list[Plan]:
        return await queries.list_plans(c.tx)

    return page(request, "open_plans.html", plans=await read(request, look))


@get("/open-plans/{year:int}", include_in_schema=False)
async def show_open_plan(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Show what a year's plan promises, what came of it, and how far each department is."""

    async def look(c: Command) -> PlanFile:
        return await queries.get(c.tx, year=queries.check_year(year), now=c.now)

    file = await read(request, look)
    return page(request, "open_plan.html", file=file, plan=file.plan)
