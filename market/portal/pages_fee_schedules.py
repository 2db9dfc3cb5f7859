"""Show what sales pay before anyone shares, version by version, and propose another (费率表)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.errors import FieldError
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
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
from market.portal.written_amounts import Yuan, bps_of, fen_of
from settlement.fees import operations, queries
from settlement.fees.deducting import Base, Fee, Payee, Tier
from settlement.fees.model import FeeSchedule, Line, Proposed
from settlement.fees.states import State
from settlement.money import percent

_ALL: Final = "/fee-schedules"
_ONE: Final = "/fee-schedules/{schedule_id:uuid}"
_PAGE_SIZE: Final = 20
_TIER: Final = re.compile(
    r"([0-9]{1,13}(?:\.[0-9]{1,2})?)\s+([0-9]{1,3}(?:\.[0-9]{1,2})?)\s*[%％]?"
)
_WHOLE_BPS: Final = 10_000

_Tiers = Annotated[str, Meta(max_length=1_000)]
_Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class _Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A form: the tax that lies in the price, the platform's fee and the treasury's part."""

    name: Line
    document_number: Line
    effective_from: dt.date
    effective_to: dt.date | None = None
    tax_tiers: _Tiers = ""
    platform_tiers: _Tiers = ""
    platform_least: Yuan = "0"
    platform_most: Yuan | None = None
    treasury_tiers: _Tiers = ""


class _Decision(msgspec.Struct, frozen=True):
    """Whether it comes into force, and why."""

    decision: Annotated[str, Meta(pattern="^(decide|reject)$")]
    reason: _Reason


class _Ending(msgspec.Struct, frozen=True):
    """On which day it ends, and why."""

    last_day: dt.date
    reason: _Reason


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The schedules that were decided, and to who works with them those that were not."""

    decided: Page[FeeSchedule]
    proposals: list[FeeSchedule]
    in_force: FeeSchedule | None


def tiers_of(written: str, name: str) -> tuple[Tier, ...]:
    """Return the tiers that are written one a line: above how many yuan, and how many percent.

    :raises FormFieldInvalid: if a line says anything else, or a rate above 100 %.
    """
    found = []
    for line in written.splitlines():
        if not line.strip():
            continue
        told = _TIER.fullmatch(line.strip())
        if told is None or bps_of(told[2]) > _WHOLE_BPS:
            error = FieldError(f"/{name}", "invalid", line[:80])
            raise FormFieldInvalid(errors=(error,))
        found.append(Tier(above_fen=fen_of(told[1]), rate_bps=bps_of(told[2])))
    return tuple(found)


def proposed_of(form: _Proposal) -> Proposed:
    """Return what a form proposes: first the tax in the price, then the platform, the treasury last.

    :raises FormFieldInvalid: if tiers are not written as such, or there are none at all.
    """
    fees = []
    if tax := tiers_of(form.tax_tiers, "tax_tiers"):
        fees.append(Fee(code="vat", payee=Payee.TAX, tiers=tax, is_inside=True))
    if platform := tiers_of(form.platform_tiers, "platform_tiers"):
        most = None if form.platform_most is None else fen_of(form.platform_most)
        least = fen_of(form.platform_least)
        fees.append(
            Fee(
                code="service",
                payee=Payee.PLATFORM,
                tiers=platform,
                minimum_fen=least,
                maximum_fen=most,
            )
        )
    if treasury := tiers_of(form.treasury_tiers, "treasury_tiers"):
        fees.append(
            Fee(
                code="non_tax",
                payee=Payee.TREASURY,
                base=Base.LEFT,
                tiers=treasury,
                is_of_public_data=True,
            )
        )
    if not fees:
        error = FieldError("/platform_tiers", "invalid", "no fee at all")
        raise FormFieldInvalid(errors=(error,))
    return Proposed(
        name=form.name,
        document_number=form.document_number,
        effective_from=form.effective_from,
        effective_to=form.effective_to,
        fees=tuple(fees),
    )


@get(_ALL, include_in_schema=False)
async def list_schedules(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show every version that was decided, the newest first; anybody may read it."""
    return await _list(request, cursor, BLANK)


@post(_ALL, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def propose(request: AnyRequest) -> Response[bytes]:
    """Propose a version (提出费率表)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        proposed = proposed_of(filled_in(_Proposal, fields))
        await operations.propose(c.tx, actor=c.actor, now=c.now, proposed=proposed)

    return await _step(request, act)


@post(_ONE + "/decisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decide(request: AnyRequest, schedule_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decide on a version that somebody else proposed (核定)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Decision, fields)
        act_on = operations.decide if told.decision == "decide" else operations.reject
        await act_on(c.tx, actor=c.actor, now=c.now, schedule_id=schedule_id, reason=told.reason)

    return await _step(request, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, schedule_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back a version that was not decided (撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, schedule_id=schedule_id)

    return await _step(request, act)


@post(_ONE + "/endings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def end(request: AnyRequest, schedule_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """End a version on an earlier day (提前终止)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        told = filled_in(_Ending, fields)
        await operations.end(
            c.tx,
            actor=c.actor,
            now=c.now,
            schedule_id=schedule_id,
            last_day=told.last_day,
            reason=told.reason,
        )

    return await _step(request, act)


async def _list(request: AnyRequest, cursor: str | None, form: Shown) -> Response[bytes]:
    today = local_date(context(request).now())

    async def look(c: Command) -> Shelf:
        proposals: list[FeeSchedule] = []
        if c.actor.may("fee_schedule:read"):
            proposals = (await queries.list_proposals(c.tx, viewer=c.actor)).items
        return Shelf(
            decided=await queries.list_decided(c.tx, limit=_PAGE_SIZE, cursor=cursor or None),
            proposals=proposals,
            in_force=await queries.find_in_force(c.tx, on=today),
        )

    shelf = await read(request, look)
    return page(
        request,
        "fee_schedules.html",
        status=form.status,
        cache=NOT_KEPT,
        shelf=shelf,
        form=form,
        today=today,
        proposed=State.PROPOSED,
        decided=State.DECIDED,
        percent=percent,
        own=actor(request).account_id,
        link=linker(_ALL, {}),
        is_continued=bool(cursor),
    )


async def _step(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, form)

    return await run_step(request, act, place=_ALL, again=again)
