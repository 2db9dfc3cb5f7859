"""Serve who answers for which data as pages: the list, chief data officers (责任清单、首席数据官, GD-01)."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.params import FromQuery

from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    filled_in,
    read_form,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned, linker
from market.responsibility import operations, queries
from market.responsibility.model import ChiefDataOfficer, Line, Named
from market.responsibility.queries import ChiefDataOfficerMissing

_PAGE_SIZE: Final = 50


@get("/responsibility-list", include_in_schema=False)
async def show_responsibility_list(
    request: AnyRequest,
    *,
    department: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what departments share and open, and to whom (共享、开放责任清单)."""
    asked = cleaned(department)

    async def look(c: Command) -> Page[Line]:
        return await queries.list_lines(
            c.tx, department=asked, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "responsibility_list.html",
        lines=await read(request, look),
        department=asked,
        link=linker("/responsibility-list", {"department": asked}),
        is_continued=bool(cursor),
    )


@get("/chief-data-officers", include_in_schema=False)
async def list_chief_data_officers(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the houses whom providers named (首席数据官); the reading is remembered."""

    async def look(c: Command) -> Page[ChiefDataOfficer]:
        return await queries.list_officers(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "chief_data_officers.html",
        cache=NOT_KEPT,
        officers=await read(request, look),
        link=linker("/chief-data-officers", {}),
        is_continued=bool(cursor),
    )


@get("/my/chief-data-officer", include_in_schema=False)
async def show_own_officer(request: AnyRequest) -> Response[bytes]:
    """Show a provider whom it named, and the form that names somebody."""
    return await _own(request, BLANK)


@post("/my/chief-data-officer", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def name_officer(request: AnyRequest) -> Response[bytes]:
    """Name the chief data officer of one's party."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        named = filled_in(Named, fields)
        await operations.name_officer(c.tx, actor=c.actor, now=c.now, named=named)
        return "/my/chief-data-officer"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _own(request, shown_again(request, fields, error))


async def _own(request: AnyRequest, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> ChiefDataOfficer | None:
        try:
            return await queries.get_own_officer(c.tx, viewer=c.actor)
        except ChiefDataOfficerMissing:
            return None

    return page(
        request,
        "chief_data_officer.html",
        status=form.status,
        cache=NOT_KEPT,
        at="/my/chief-data-officer",
        form=form,
        officer=await read(request, look),
    )
