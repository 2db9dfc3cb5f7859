"""Propose and decide what sales pay before anyone shares, and tell everybody (费率表)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.fees import operations, queries
from settlement.fees.model import FeeSchedule, Proposed

Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class DecideFeeSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a proposed schedule comes into force, and why."""

    is_approved: bool
    reason: Reason


class EndFeeSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which day a schedule ends, and why."""

    last_day: dt.date
    reason: Reason


@post(
    "/api/v1/fee-schedules",
    summary="Propose a fee schedule",
    tags=["payments"],
    opt=creates(FeeSchedule),
)
async def propose(request: AnyRequest, data: JSONBody[Proposed]) -> Response[bytes]:
    """Propose which fees a sale pays, in which order and tiers, from which day (提出费率表)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        schedule = await operations.propose(c.tx, actor=c.actor, now=c.now, proposed=data)
        return created(schedule, "/api/v1/fee-schedules")

    return await command(request, act)


@get(
    "/api/v1/fee-schedules",
    summary="Fee schedules",
    tags=["payments"],
    opt=answers(Page[FeeSchedule]),
)
async def list_fee_schedules(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return every schedule that was decided, newest first."""

    async def look(c: Command) -> Page[FeeSchedule]:
        return await queries.list_decided(c.tx, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/fee-schedules/in-force",
    summary="The fee schedule in force",
    tags=["payments"],
    opt=answers(FeeSchedule, refusals=(404,)),
)
async def get_fee_schedule(
    request: AnyRequest, *, on: FromQuery[dt.date | None] = None
) -> Response[bytes]:
    """Return the schedule in force today, or on another day."""

    async def look(c: Command) -> FeeSchedule:
        return await queries.get_in_force(c.tx, on=local_date(c.now) if on is None else on)

    return answer(await read(request, look))


@get(
    "/api/v1/fee-schedule-proposals",
    summary="Proposed fee schedules",
    tags=["payments"],
    opt=answers(Page[FeeSchedule]),
)
async def list_fee_schedule_proposals(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what was proposed and is not decided, was rejected, or was taken back."""

    async def look(c: Command) -> Page[FeeSchedule]:
        return await queries.list_proposals(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/fee-schedules/{schedule_id:uuid}/decisions",
    summary="Decide a fee schedule",
    tags=["payments"],
    opt=answers(FeeSchedule),
)
async def decide(
    request: AnyRequest, schedule_id: FromPath[uuid.UUID], data: JSONBody[DecideFeeSchedule]
) -> Response[bytes]:
    """Decide whether a proposed schedule comes into force, as another person than proposed it (核定)."""
    check_readable(data)
    act_on = operations.decide if data.is_approved else operations.reject

    async def act(c: Command) -> Answer:
        return done(
            await act_on(
                c.tx, actor=c.actor, now=c.now, schedule_id=schedule_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/fee-schedules/{schedule_id:uuid}/withdrawals",
    summary="Take a proposed fee schedule back",
    tags=["payments"],
    opt=answers(FeeSchedule),
)
async def withdraw(request: AnyRequest, schedule_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back a schedule that was not decided yet (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, schedule_id=schedule_id)
        )

    return await command(request, act)


@post(
    "/api/v1/fee-schedules/{schedule_id:uuid}/endings",
    summary="End a fee schedule",
    tags=["payments"],
    opt=answers(FeeSchedule),
)
async def end(
    request: AnyRequest, schedule_id: FromPath[uuid.UUID], data: JSONBody[EndFeeSchedule]
) -> Response[bytes]:
    """End a schedule on an earlier day; orders keep the fees that were frozen with them."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.end(
                c.tx,
                actor=c.actor,
                now=c.now,
                schedule_id=schedule_id,
                last_day=data.last_day,
                reason=data.reason,
            )
        )

    return await command(request, act)
