"""Show whether channels are explained, the breaks, and take the steps that settle them (对账)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.errors import FieldError
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.custody import ShownCustody
from market.http.custody import look as look_at_custody
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    FormFieldInvalid,
    Shown,
    Step,
    filled_in,
    run_step,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from settlement.reconciliation import queries, states
from settlement.reconciliation.differences import Way
from settlement.reconciliation.model import Break, Gate
from settlement.reconciliation.operations import settling
from settlement.reconciliation.states import Event

_PLACE: Final = "/reconciliation"
_ONE: Final = "/reconciliation/{break_id:uuid}"
_PAGE_SIZE: Final = 50


class _Propose(msgspec.Struct, frozen=True):
    """Why a break is to be settled so; the button says how."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)] = ""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The gate of each channel that is connected, and a page of breaks."""

    gates: tuple[Gate, ...]
    breaks: Page[Break]
    custody: ShownCustody


@get(_PLACE, include_in_schema=False)
async def list_breaks(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show whether each channel's account is explained, and the breaks, the oldest first."""
    channels = sorted(context(request).channels)

    async def look(c: Command) -> Overview:
        return Overview(
            gates=tuple(
                [
                    await queries.get_gate(c.tx, viewer=c.actor, channel=channel)
                    for channel in channels
                ]
            ),
            custody=await look_at_custody(c),
            breaks=await queries.list_breaks(
                c.tx,
                viewer=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                limit=_PAGE_SIZE,
                cursor=cursor or None,
            ),
        )

    overview = await read(request, look)
    return page(
        request,
        "reconciliation.html",
        cache=NOT_KEPT,
        overview=overview,
        custody=overview.custody,
        link=linker(_PLACE, {}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_break(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a break, and what may be done about it now."""
    return _page(request, await read(request, lambda c: _look(c, break_id)), BLANK)


@post(_ONE + "/bookings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def book(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Book a difference into suspense (挂账)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await settling.book(c.tx, actor=c.actor, now=c.now, break_id=break_id)

    return await _step(request, break_id, act)


@post(_ONE + "/charges", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def charge(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take a fee as it was charged (确认手续费)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await settling.charge(c.tx, actor=c.actor, now=c.now, break_id=break_id)

    return await _step(request, break_id, act)


@post(_ONE + "/proposals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Propose how to settle it for good (提出核销)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        way = fields.get("way", "")
        if way not in set(Way):
            raise FormFieldInvalid(errors=(FieldError("/way", "invalid"),))
        await settling.propose(
            c.tx,
            actor=c.actor,
            now=c.now,
            break_id=break_id,
            way=Way(way),
            reason=filled_in(_Propose, fields).reason,
        )

    return await _step(request, break_id, act)


@post(_ONE + "/decisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decide(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decide on what somebody else proposed: the button says which way (复核)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await settling.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            break_id=break_id,
            approves=fields.get("decision") == "approve",
        )

    return await _step(request, break_id, act)


async def _step(request: AnyRequest, break_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return _page(request, await read(request, lambda c: _look(c, break_id)), form)

    return await run_step(request, act, place=f"{_PLACE}/{break_id}", again=again)


async def _look(c: Command, break_id: uuid.UUID) -> Break:
    return await queries.get_break(
        c.tx, viewer=c.actor, now=c.now, calendar=await c.calendar(), break_id=break_id
    )


def _page(request: AnyRequest, found: Break, form: Shown) -> Response[bytes]:
    return page(
        request,
        "channel_break.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        may=lambda name: (found.state, Event(name)) in states.TRANSITIONS,
        form=form,
    )
