"""Show what is asked for, and let a buyer ask: the board, a demand, the form (需求公示、发布需求)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.code_trees.model import Tree
from catalog.kernel.local_time import end_of_day, local_date
from catalog.kernel.paging import Page
from catalog.products.model import DeliveryMode, Form, UpdateCycle
from market.demand_posts import queries
from market.demand_posts.model import (
    DemandAsked,
    DemandPost,
    DemandPosting,
    NotRelevant,
    SupplierMatch,
    Visibility,
)
from market.demand_posts.operations import posting as demands
from market.demand_posts.queries import Narrowed
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.code_names import CodeNames, find_names
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
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import cleaned, linker, one_of
from market.portal.wording import Speaker
from market.pricing.model import UseCategory

BOARD: Final = "/demands"
FILES: Final = "/demand-files"
_PAGE_SIZE: Final = 20
_FEN_PER_YUAN: Final = 100
_MOST_YUAN: Final = 10**13


class Board(msgspec.Struct, frozen=True):
    """A page of the board, and what its codes are called."""

    found: Page[DemandPosting]
    names: CodeNames


class Seen(msgspec.Struct, frozen=True):
    """A demand as others see it, whether it is one's own, and what its codes are called."""

    posting: DemandPosting
    is_own: bool
    names: CodeNames


@get(BOARD, include_in_schema=False)
async def show_board(
    request: AnyRequest,
    *,
    form: FromQuery[str | None] = None,
    use_category: FromQuery[str | None] = None,
    delivery: FromQuery[str | None] = None,
    industry: FromQuery[str | None] = None,
    region_code: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what is asked for now, narrowed by what the reader has to offer."""
    narrowed = Narrowed(
        form=one_of(Form, form),
        use_category=one_of(UseCategory, use_category),
        delivery_mode=one_of(DeliveryMode, delivery),
        industry=cleaned(industry),
        region_code=cleaned(region_code),
    )
    asked = {
        "form": narrowed.form,
        "use_category": narrowed.use_category,
        "delivery": narrowed.delivery_mode,
        "industry": narrowed.industry,
        "region_code": narrowed.region_code,
    }

    async def look(c: Command) -> Board:
        found = await queries.list_board(
            c.tx, narrowed=narrowed, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return Board(found, await code_names(c, found.items))

    board = await read(request, look)
    return page(
        request,
        "demands.html",
        board=board,
        asked=asked,
        forms=list(Form),
        uses=list(UseCategory),
        modes=list(DeliveryMode),
        called=board.names.called(Speaker(language_of(request))),
        link=linker(BOARD, {name: value and str(value) for name, value in asked.items()}),
        is_continued=bool(cursor),
    )


@get(f"{BOARD}/{{post_id:uuid}}", include_in_schema=False)
async def show_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one demand as others see it; its buyer is led to all of it."""

    async def look(c: Command) -> Seen:
        found = await queries.get_posting(c.tx, post_id=post_id)
        own = await queries.find(c.tx, post_id=post_id)
        is_own = own is not None and own.buyer_party_id == c.actor.party_id
        return Seen(found, is_own, await code_names(c, [found]))

    seen = await read(request, look)
    return page(
        request,
        "demand.html",
        seen=seen,
        posting=seen.posting,
        called=seen.names.called(Speaker(language_of(request))),
    )


@get("/my/demand-matches", include_in_schema=False)
async def show_supplier_matches(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show a supplier the demands that its products fit, and why."""

    async def look(c: Command) -> Page[SupplierMatch]:
        return await queries.list_supplier_matches(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "demand_matches.html",
        cache=NOT_KEPT,
        found=await read(request, look),
        not_relevant=list(NotRelevant),
        link=linker("/my/demand-matches", {}),
        is_continued=bool(cursor),
    )


@get("/my/demands/new", include_in_schema=False)
async def show_demand_form(request: AnyRequest) -> Response[bytes]:
    """Show the form with which a buyer says what it needs."""
    return _form(request, BLANK, "/my/demands/new")


@post("/my/demands/new", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def draft_demand(request: AnyRequest) -> Response[bytes]:
    """Draft what is needed, and lead to the draft, where it is handed in."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        drafted = await demands.draft(c.tx, actor=c.actor, now=c.now, asked=_asked(fields))
        return f"{FILES}/{drafted.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return _form(request, shown_again(request, fields, error), "/my/demands/new")


@get(f"{FILES}/{{post_id:uuid}}/revisions", include_in_schema=False)
async def show_revision_form(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show the form again with what the demand says now."""

    async def look(c: Command) -> DemandPost:
        return (await queries.get_file(c.tx, viewer=c.actor, post_id=post_id)).post

    found = await read(request, look)
    filled = Shown(_fields(found.asked) | {"version": str(found.version)})
    return _form(request, filled, f"{FILES}/{post_id}/revisions")


@post(
    f"{FILES}/{{post_id:uuid}}/revisions",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def revise_demand(request: AnyRequest, post_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say otherwise what is needed; what was published is reviewed again."""
    fields = await read_form(request)
    place = f"{FILES}/{post_id}"

    async def act(c: Command) -> str:
        version = fields.get("version", "")
        await demands.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            post_id=post_id,
            expected_version=int(version) if version.isdigit() else 0,
            asked=_asked(fields),
        )
        return place

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return _form(request, shown_again(request, fields, error), f"{place}/revisions")


async def code_names(c: Command, found: list[DemandPosting]) -> CodeNames:
    """Return what the industries and regions of demands are called."""
    return await find_names(
        c,
        {
            Tree.INDUSTRY: {each.industry for each in found if each.industry},
            Tree.REGION: {each.region_code for each in found if each.region_code},
        },
    )


def end_of(day: str | None) -> str | None:
    """Return the instant at which a day ends, as JSON has it; what is no day stays as it is."""
    try:
        return None if day is None else end_of_day(dt.date.fromisoformat(day)).isoformat()
    except ValueError:
        return day


def _asked(fields: Mapping[str, str]) -> DemandAsked:
    """Return what the form says.

    :raises FormFieldInvalid: if a field can not hold that.
    """
    given: dict[str, Any] = {
        **fields,
        "forms": _ticked(fields, "form"),
        "delivery_modes": _ticked(fields, "delivery"),
        "offers_until": end_of(fields.get("offers_until")),
    }
    budget = fields.get("budget_yuan", "")
    if budget:
        # What is no number of yuan is no price either, and refused as one.
        is_yuan = budget.isascii() and budget.isdigit() and int(budget) <= _MOST_YUAN
        given["budget_fen"] = int(budget) * _FEN_PER_YUAN if is_yuan else budget
    return filled_in(
        DemandAsked, {name: value for name, value in given.items() if value is not None}
    )


def _ticked(fields: Mapping[str, str], name: str) -> list[str]:
    return [key.partition(":")[2] for key in fields if key.startswith(f"{name}:")]


def _fields(asked: DemandAsked) -> dict[str, str]:
    """Return what a demand says as the fields of its form."""
    plain = {
        name: str(value)
        for name, value in msgspec.to_builtins(asked).items()
        if isinstance(value, str)
    }
    return (
        plain
        | {f"form:{form.value}": "true" for form in asked.forms}
        | {f"delivery:{mode.value}": "true" for mode in asked.delivery_modes}
        # An end of a day is the beginning of the next one.
        | {"offers_until": local_date(asked.offers_until - dt.timedelta(seconds=1)).isoformat()}
        | ({"shows_budget": "true"} if asked.shows_budget else {})
        | (
            {}
            if asked.budget_fen is None
            else {"budget_yuan": str(asked.budget_fen // _FEN_PER_YUAN)}
        )
    )


def _form(request: AnyRequest, form: Shown, place: str) -> Response[bytes]:
    return page(
        request,
        "demand_form.html",
        status=form.status,
        cache=NOT_KEPT,
        at=place,
        form=form,
        place=place,
        forms=list(Form),
        uses=list(UseCategory),
        modes=list(DeliveryMode),
        cycles=list(UpdateCycle),
        visibilities=list(Visibility),
    )
