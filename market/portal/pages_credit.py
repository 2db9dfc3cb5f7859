"""Show credit: what everybody may read, one's own record, what is found and what becomes of it (信用)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.credit import operations, queries, states
from market.credit.model import CreditRecord, Reward, Sanction, Standing
from market.credit.states import Event
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker

_RECORDS: Final = "/credit-records"
_ONE: Final = "/credit-records/{record_id:uuid}"
_PAGE_SIZE: Final = 20
_Text = Annotated[str, Meta(max_length=5_000)]
#: The latest limit of an order that a form takes, in yuan: ten trillion, as everywhere.
_MOST_YUAN: Final = 10**13


class _Objection(msgspec.Struct, frozen=True):
    """What the party says to it."""

    statement: _Text = ""


class _Answer(msgspec.Struct, frozen=True):
    """What is answered to its objection; the button says which way."""

    answer: _Text = ""


class _Punish(msgspec.Struct, frozen=True):
    """What follows from it; the limit is typed in yuan."""

    is_banned: bool = False
    is_ranked_lower: bool = False
    limit_yuan: Annotated[int, Meta(ge=0, le=_MOST_YUAN)] | None = None


class _Repair(msgspec.Struct, frozen=True):
    """How the party put it right."""

    reason: _Text = ""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A page of records, and what one's own mean today."""

    records: Page[CreditRecord]
    standing: Standing
    rewards: list[Reward]
    today: dt.date


class Sheet(msgspec.Struct, frozen=True):
    """A record, and the day on which it is read."""

    record: CreditRecord
    now: dt.datetime

    def may(self, event: Event) -> bool:
        """Tell whether this can happen to it now."""
        return (self.record.state, event) in states.TRANSITIONS


@get("/credit", include_in_schema=False)
async def show_public(request: AnyRequest) -> Response[bytes]:
    """Show which organisations are punished and which rewarded today (信用公示)."""
    found = await read(request, lambda c: queries.get_public(c.tx, today=local_date(c.now)))
    return page(request, "credit.html", found=found)


@get(_RECORDS, include_in_schema=False)
async def list_records(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show findings about one's own party and what they mean; to the houses, those of all."""

    async def look(c: Command) -> Own:
        today = local_date(c.now)
        return Own(
            records=await queries.list_records(
                c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
            ),
            standing=await queries.get_standing(c.tx, party_id=c.actor.party, on=today),
            rewards=await queries.list_rewards(c.tx, viewer=c.actor),
            today=today,
        )

    return page(
        request,
        "credit_records.html",
        cache=NOT_KEPT,
        own=await read(request, look),
        link=linker(_RECORDS, {}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_record(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a finding to its party and the houses, with what each may do about it now."""
    return _page(request, await read(request, lambda c: _look(c, record_id)), BLANK)


@post(_ONE + "/objections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def object_to(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Object, as the party, to what was found of it (异议)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.object_to(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            record_id=record_id,
            statement=filled_in(_Objection, fields).statement,
        )

    return await _step(request, record_id, act)


@post(_ONE + "/answers", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def answer(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decide, as the authority, on the objection: the button says which way (异议处理)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.answer_objection(
            c.tx,
            actor=c.actor,
            now=c.now,
            record_id=record_id,
            upholds=fields.get("decision") == "uphold",
            answer=filled_in(_Answer, fields).answer,
        )

    return await _step(request, record_id, act)


@post(_ONE + "/sanctions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def punish(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Ban the party, limit its orders, or rank it lower (失信惩戒)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Punish, fields)
        limit = None if said.limit_yuan is None else said.limit_yuan * 100
        await operations.punish(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            record_id=record_id,
            sanction=Sanction(
                is_banned=said.is_banned,
                order_limit_fen=limit,
                is_ranked_lower=said.is_ranked_lower,
            ),
        )

    return await _step(request, record_id, act)


@post(_ONE + "/repairs", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def repair(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Lift a sanction before its end, since the party put it right (信用修复)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.repair(
            c.tx,
            actor=c.actor,
            now=c.now,
            record_id=record_id,
            reason=filled_in(_Repair, fields).reason,
        )

    return await _step(request, record_id, act)


async def _step(
    request: AnyRequest,
    record_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        sheet = await read(request, lambda c: _look(c, record_id))
        return _page(request, sheet, form)

    return await run_step(request, act, place=f"{_RECORDS}/{record_id}", again=again)


async def _look(c: Command, record_id: uuid.UUID) -> Sheet:
    return Sheet(await queries.get(c.tx, viewer=c.actor, record_id=record_id), c.now)


def _page(request: AnyRequest, sheet: Sheet, form: Shown) -> Response[bytes]:
    record = sheet.record
    return page(
        request,
        "credit_record.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_RECORDS}/{record.id}",
        sheet=sheet,
        record=record,
        may=lambda name: sheet.may(Event(name)),
        form=form,
    )
