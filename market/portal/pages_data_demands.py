"""Serve the demands for open data as pages: ask, look up, read what was answered (需求征集, GD-08)."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.params import FromQuery

from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.data_demands import operations, queries
from market.data_demands.model import Answered, Asked, LookedUp, Receipt
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Done,
    Shown,
    filled_in,
    read_form,
    run_once,
    shown_again,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_PAGE_SIZE: Final = 20
_LONGEST_CODE: Final = 100


@get("/data-demands", include_in_schema=False)
async def list_answered_demands(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show what was answered, what it led to, and how one asks."""

    async def look(c: Command) -> Page[Answered]:
        return await queries.list_answers(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    return page(
        request,
        "data_demands.html",
        answered=await read(request, look),
        link=linker("/data-demands", {}),
        is_continued=bool(cursor),
    )


@get("/data-demands/new", include_in_schema=False)
async def show_demand_form(request: AnyRequest) -> Response[bytes]:
    """Show the form with which anybody asks for data to be opened."""
    return page(request, "data_demand_new.html", cache=NOT_KEPT, form=BLANK)


@post("/data-demands/new", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_demand_in(request: AnyRequest) -> Response[bytes]:
    """Take a demand; the code with which the answer is looked up is shown this once."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[Receipt]:
        asked = filled_in(Asked, fields)
        receipt = await operations.hand_in(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), asked=asked
        )
        return Done("/data-demands", receipt)

    try:
        done = await run_once(request, fields, act)
    except SHOWN_AGAIN as error:
        form = shown_again(request, fields, error)
        return page(
            request,
            "data_demand_new.html",
            status=form.status,
            cache=NOT_KEPT,
            at="/data-demands/new",
            form=form,
        )
    return page(
        request,
        "data_demand_receipt.html",
        status=201,
        cache=NOT_KEPT,
        at="/data-demands",
        receipt=done.told,
        title=fields.get("title", ""),
    )


@get("/data-demands/look-up", include_in_schema=False)
async def show_look_up_form(request: AnyRequest) -> Response[bytes]:
    """Show the form that takes the code."""
    return _look_up(request, BLANK, None)


@post("/data-demands/look-up", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def look_demand_up(request: AnyRequest) -> Response[bytes]:
    """Show how far the demand of a code is, and what was answered; the code stands in no address."""
    fields = await read_form(request)
    code = fields.get("secret", "").strip()[:_LONGEST_CODE]

    async def look(c: Command) -> LookedUp:
        return await queries.look_up(c.tx, secret_sha256=operations.digest(code))

    try:
        found = await read(request, look)
    except Missing as error:
        return _look_up(request, shown_again(request, fields, error), None, is_unknown=True)
    return _look_up(request, BLANK, found)


def _look_up(
    request: AnyRequest, form: Shown, found: LookedUp | None, *, is_unknown: bool = False
) -> Response[bytes]:
    return page(
        request,
        "data_demand_look_up.html",
        status=form.status,
        cache=NOT_KEPT,
        at="/data-demands/look-up",
        form=form,
        found=found,
        is_unknown=is_unknown,
    )
