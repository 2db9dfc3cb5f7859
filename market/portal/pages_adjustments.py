"""Show adjustments of the books, propose one, and decide on another's (调账)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.local_time import local_date
from market.finance_reports import words
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from market.portal.written_amounts import Yuan, fen_of
from settlement.adjustments import operations, queries
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.states import State
from settlement.periods.queries import BOOKS

_ALL: Final = "/adjustments"
_ONE: Final = "/adjustments/{adjustment_id:uuid}"
_PAGE_SIZE: Final = 20


class _Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A form: the amount in yuan and fen, the rest as the books know it."""

    source: Annotated[str, Meta(min_length=3, max_length=120)]
    target: Annotated[str, Meta(min_length=3, max_length=120)]
    amount: Yuan
    value_on: dt.date
    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]
    evidence: Annotated[str, Meta(min_length=1, max_length=1_000)]
    adjusts: dt.date | None = None
    book: Annotated[str, Meta(pattern="^(market|public_data)$")] = "market"


class _Rejection(msgspec.Struct, frozen=True):
    """Why an adjustment is rejected."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]


@get(_ALL, include_in_schema=False)
async def list_adjustments(
    request: AnyRequest,
    *,
    adjustment_state: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show adjustments, the newest first, and the form by which one is proposed."""
    return await _list(request, one_of(State, adjustment_state), cursor, BLANK)


@post(_ALL, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose(request: AnyRequest) -> Response[bytes]:
    """Propose a correction of the books (提出调账)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = msgspec.structs.asdict(filled_in(_Proposal, fields))
        wanted = Proposed(amount_fen=fen_of(told.pop("amount")), **told)
        await operations.propose(c.tx, actor=c.actor, now=c.now, wanted=wanted)

    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, None, form)

    return await run_step(request, act, place=_ALL, again=again)


@get(_ONE, include_in_schema=False)
async def show_adjustment(
    request: AnyRequest, adjustment_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show an adjustment, and what the reader may do about it."""
    return await _show(request, adjustment_id, BLANK)


@post(_ONE + "/approvals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def approve(request: AnyRequest, adjustment_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Approve what somebody else proposed (复核入账)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.approve(c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id)

    return await _step(request, adjustment_id, act)


@post(_ONE + "/rejections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def reject(request: AnyRequest, adjustment_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Reject what somebody else proposed, and say why (驳回)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Rejection, fields).reason
        await operations.reject(
            c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id, reason=reason
        )

    return await _step(request, adjustment_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, adjustment_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one proposed oneself (撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id)

    return await _step(request, adjustment_id, act)


async def _list(
    request: AnyRequest, state: State | None, cursor: str | None, form: Shown
) -> Response[bytes]:
    found = await read(
        request,
        lambda c: queries.list_adjustments(
            c.tx, viewer=c.actor, state=state, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    kept = {"adjustment_state": None if state is None else state.value}
    return page(
        request,
        "adjustments.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        states=tuple(State),
        state=state,
        books=BOOKS,
        book_name=words.book,
        today=local_date(context(request).now()),
        link=linker(_ALL, kept),
        is_continued=bool(cursor),
    )


async def _show(request: AnyRequest, adjustment_id: uuid.UUID, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> Adjustment:
        return await queries.get_adjustment(c.tx, viewer=c.actor, adjustment_id=adjustment_id)

    found = await read(request, look)
    return page(
        request,
        "adjustment.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        wanted=found.wanted,
        form=form,
        waits=found.state is State.PROPOSED,
        is_own=found.proposed_by == actor(request).account_id,
        book_name=words.book,
    )


async def _step(request: AnyRequest, adjustment_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _show(request, adjustment_id, form)

    return await run_step(request, act, place=f"{_ALL}/{adjustment_id}", again=again)
