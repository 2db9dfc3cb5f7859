"""Show charge-backs, each with until when it is contested, and take their steps (拒付与申诉)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.orders.operations import charged_back
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from settlement.chargebacks import operations, queries
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.operations import Evidence, Note
from settlement.chargebacks.states import STANDING, State

_ALL: Final = "/chargebacks"
_ONE: Final = "/chargebacks/{chargeback_id:uuid}"
_PAGE_SIZE: Final = 20


class _Contest(msgspec.Struct, frozen=True):
    """What the channel is told."""

    evidence: Evidence


class _Acceptance(msgspec.Struct, frozen=True):
    """Why it is not contested."""

    reason: Note


class _Outcome(msgspec.Struct, frozen=True):
    """How the channel decided, by which notice."""

    outcome: Literal["won", "lost"]
    notice: Note


@get(_ALL, include_in_schema=False)
async def list_chargebacks(
    request: AnyRequest,
    *,
    chargeback_state: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what payers' banks take back, the oldest first, and until when each is contested."""
    state = one_of(State, chargeback_state)
    found = await read(
        request,
        lambda c: queries.list_chargebacks(
            c.tx, viewer=c.actor, state=state, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    return page(
        request,
        "chargebacks.html",
        cache=NOT_KEPT,
        found=found,
        states=tuple(State),
        state=state,
        now=context(request).now(),
        link=linker(_ALL, {"chargeback_state": None if state is None else state.value}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_chargeback(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show a charge-back, where its money waits, and what may be done about it now.

    :raises ChargebackMissing: if there is none.
    """
    case = await read(request, lambda c: _look(c, chargeback_id))
    return _sheet(request, case, BLANK)


@post(_ONE + "/contests", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def contest(request: AnyRequest, chargeback_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Note with what evidence the channel is told that the money is ours (申诉)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        evidence = filled_in(_Contest, fields).evidence
        await operations.contest(
            c.tx, actor=c.actor, now=c.now, chargeback_id=chargeback_id, evidence=evidence
        )

    return await _step(request, chargeback_id, act)


@post(_ONE + "/acceptances", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def accept(request: AnyRequest, chargeback_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let the money go to the channel, and say why (接受拒付)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Acceptance, fields).reason
        await charged_back.accept(
            c.tx, actor=c.actor, now=c.now, chargeback_id=chargeback_id, note=reason
        )

    return await _step(request, chargeback_id, act)


@post(_ONE + "/outcomes", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def record_outcome(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Record won or lost by the channel's written notice (登记裁定结果)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Outcome, fields)
        await charged_back.record_outcome(
            c.tx,
            actor=c.actor,
            now=c.now,
            chargeback_id=chargeback_id,
            is_won=told.outcome == "won",
            note=told.notice,
        )

    return await _step(request, chargeback_id, act)


async def _look(c: Command, chargeback_id: uuid.UUID) -> Chargeback:
    return await queries.get_chargeback(c.tx, viewer=c.actor, chargeback_id=chargeback_id)


def _sheet(request: AnyRequest, case: Chargeback, form: Shown) -> Response[bytes]:
    now: dt.datetime = context(request).now()
    return page(
        request,
        "chargeback.html",
        status=form.status,
        cache=NOT_KEPT,
        case=case,
        form=form,
        now=now,
        is_open=case.state is State.OPENED,
        is_contestable=case.state is State.OPENED and now < case.contest_until,
        stands=case.state in STANDING,
        is_own=case.contested_by is not None and case.contested_by == actor(request).account_id,
    )


async def _step(request: AnyRequest, chargeback_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        case = await read(request, lambda c: _look(c, chargeback_id))
        return _sheet(request, case, form)

    return await run_step(request, act, place=f"{_ALL}/{chargeback_id}", again=again)
