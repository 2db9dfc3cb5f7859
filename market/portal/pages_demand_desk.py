"""Let the houses answer demands for open data: read, join those for the same thing, answer (需求办理, GD-08)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.data_demands import operations, queries
from market.data_demands.model import Demand, Outcome, Reply
from market.data_demands.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.open_data import queries as open_data
from market.open_data.model import OpenProduct
from market.open_plans import queries as open_plans
from market.open_plans.model import Item
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_PATH: Final = "/data-demands/desk"
_PAGE_SIZE: Final = 20
_PLANS_SHOWN: Final = 2  # the newest years are those that an answer can rest on
_OPEN_SHOWN: Final = 100


class _Into(msgspec.Struct, frozen=True):
    """To which demand one is joined."""

    into: uuid.UUID


class Grounds(msgspec.Struct, frozen=True):
    """On what an answer can rest: what plans promise, and what is open already."""

    promises: list[Item]
    opened: list[OpenProduct]


class Desk(msgspec.Struct, frozen=True):
    """What lies on the desk."""

    demands: Page[Demand]
    grounds: Grounds


@get(_PATH, include_in_schema=False)
async def show_desk(
    request: AnyRequest,
    *,
    status: FromQuery[State] = State.RECEIVED,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show demands with the words of who asked, and the forms that answer them; it is remembered."""
    seen = await read(request, lambda c: _look(c, status, cursor or None))
    return _desk(request, seen, status, BLANK, is_continued=bool(cursor))


@post(
    "/data-demands/{demand_id:uuid}/answers",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def answer_demand(request: AnyRequest, demand_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Answer a demand and all that were joined to it, in words that everybody may read."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reply = filled_in(Reply, fields)
        await operations.answer(c.tx, actor=c.actor, now=c.now, demand_id=demand_id, reply=reply)

    return await _submit(request, act)


@post(
    "/data-demands/{demand_id:uuid}/joinings",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def join_demand(request: AnyRequest, demand_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Join a demand to another one for the same thing."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        into = filled_in(_Into, fields).into
        await operations.join(c.tx, actor=c.actor, now=c.now, demand_id=demand_id, into=into)

    return await _submit(request, act)


async def _submit(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        seen = await read(request, lambda c: _look(c, State.RECEIVED, None))
        return _desk(request, seen, State.RECEIVED, form)

    return await run_step(request, act, place=_PATH, again=again)


async def _look(c: Command, status: State, cursor: str | None) -> Desk:
    demands = await queries.list_demands(
        c.tx, viewer=c.actor, state=status, limit=_PAGE_SIZE, cursor=cursor
    )
    return Desk(demands, await _grounds(c))


async def _grounds(c: Command) -> Grounds:
    promises: list[Item] = []
    for plan in (await open_plans.list_plans(c.tx))[:_PLANS_SHOWN]:
        if plan.published_at is not None:
            promises += (await open_plans.get(c.tx, year=plan.year, now=c.now)).items
    return Grounds(promises, (await open_data.list_open(c.tx, limit=_OPEN_SHOWN)).items)


def _desk(
    request: AnyRequest,
    seen: Desk,
    status: State,
    form: Shown,
    *,
    is_continued: bool = False,
) -> Response[bytes]:
    return page(
        request,
        "data_demand_desk.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        demands=seen.demands,
        grounds=seen.grounds,
        states=list(State),
        outcomes=list(Outcome),
        wanted=status,
        form=form,
        blank=BLANK,
        link=linker(_PATH, {"status": status.value}),
        is_continued=is_continued,
    )
