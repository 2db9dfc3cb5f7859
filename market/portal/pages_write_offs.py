"""Show write-offs of usage debts, propose one, and decide on another's (坏账核销)."""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.orders.operations import writing_off
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from settlement.write_offs import operations, queries
from settlement.write_offs.grounds import LIMIT_FEN, Ground
from settlement.write_offs.model import WriteOff
from settlement.write_offs.states import State

_ALL: Final = "/write-offs"
_ONE: Final = "/write-offs/{write_off_id:uuid}"
_PAGE_SIZE: Final = 20
_Text = Annotated[str, Meta(min_length=1, max_length=1_000)]


class _Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Whose debt, on which ground, by which document."""

    order_id: uuid.UUID
    ground: Ground
    evidence: _Text


class _Rejection(msgspec.Struct, frozen=True):
    """Why a write-off is rejected."""

    reason: _Text


@get(_ALL, include_in_schema=False)
async def list_write_offs(
    request: AnyRequest,
    *,
    write_off_state: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show write-offs, the newest first, and the form by which one is proposed."""
    return await _list(request, one_of(State, write_off_state), cursor, BLANK)


@post(_ALL, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose(request: AnyRequest) -> Response[bytes]:
    """Propose to give up what an order still owes (提出核销)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = msgspec.structs.asdict(filled_in(_Proposal, fields))
        await operations.propose(c.tx, actor=c.actor, now=c.now, **told)

    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, None, form)

    return await run_step(request, act, place=_ALL, again=again)


@get(_ONE, include_in_schema=False)
async def show_write_off(request: AnyRequest, write_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a write-off, and what the reader may do about it."""
    return await _show(request, write_off_id, BLANK)


@post(_ONE + "/approvals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def approve(request: AnyRequest, write_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Approve what somebody else proposed (复核核销)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await writing_off.approve(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), write_off_id=write_off_id
        )

    return await _step(request, write_off_id, act)


@post(_ONE + "/rejections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def reject(request: AnyRequest, write_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Reject what somebody else proposed, and say why (驳回)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Rejection, fields).reason
        await operations.reject(
            c.tx, actor=c.actor, now=c.now, write_off_id=write_off_id, reason=reason
        )

    return await _step(request, write_off_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, write_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one proposed oneself (撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, write_off_id=write_off_id)

    return await _step(request, write_off_id, act)


async def _list(
    request: AnyRequest, state: State | None, cursor: str | None, form: Shown
) -> Response[bytes]:
    found = await read(
        request,
        lambda c: queries.list_write_offs(
            c.tx, viewer=c.actor, state=state, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    kept = {"write_off_state": None if state is None else state.value}
    return page(
        request,
        "write_offs.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        states=tuple(State),
        state=state,
        grounds=tuple(Ground),
        limit_fen=LIMIT_FEN,
        link=linker(_ALL, kept),
        is_continued=bool(cursor),
    )


async def _show(request: AnyRequest, write_off_id: uuid.UUID, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> WriteOff:
        return await queries.get_write_off(c.tx, viewer=c.actor, write_off_id=write_off_id)

    found = await read(request, look)
    return page(
        request,
        "write_off.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        waits=found.state is State.PROPOSED,
        is_own=found.proposed_by == actor(request).account_id,
    )


async def _step(request: AnyRequest, write_off_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _show(request, write_off_id, form)

    return await run_step(request, act, place=f"{_ALL}/{write_off_id}", again=again)
