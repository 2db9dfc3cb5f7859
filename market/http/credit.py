"""Credit of parties: find, object, answer, punish, repair, reward, read (信用, QD-S2)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.credit import operations, queries
from market.credit.model import CreditList, CreditRecord, Finding, Reward, Sanction, Standing
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_TAGS = ["credit"]
_Text = Annotated[str, Meta(max_length=5_000)]


class ObjectToFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the party says to what was found of it."""

    statement: _Text


class AnswerObjection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the objection is right, and why."""

    upholds: bool
    answer: _Text


class Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the party put it right."""

    reason: _Text


class GiveReward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is rewarded, and for what."""

    party_id: uuid.UUID
    text: _Text


class MyCredit(msgspec.Struct, frozen=True, kw_only=True):
    """What one's own record means today, and one's rewards."""

    standing: Standing
    rewards: tuple[Reward, ...]


@post(
    "/api/v1/credit-records",
    summary="Find a dishonest act",
    tags=_TAGS,
    opt=creates(CreditRecord),
)
async def find_act(request: AnyRequest, data: JSONBody[Finding]) -> Response[bytes]:
    """Find that a party did something dishonest; it is told and may object (失信行为认定)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        record = await operations.find(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), finding=data
        )
        return created(record, f"/api/v1/credit-records/{record.id}")

    return await command(request, act)


@get(
    "/api/v1/credit-records",
    summary="Credit records",
    tags=_TAGS,
    opt=answers(Page[CreditRecord]),
)
async def list_credit_records(
    request: AnyRequest,
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return findings, the newest first: all for the houses, else those about one's own party."""

    async def look(c: Command) -> Page[CreditRecord]:
        return await queries.list_records(
            c.tx, viewer=c.actor, party_id=party_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/credit-records/{record_id:uuid}",
    summary="One credit record",
    tags=_TAGS,
    opt=answers(CreditRecord),
)
async def get_credit_record(request: AnyRequest, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a finding and what became of it, to its party and the houses."""

    async def look(c: Command) -> CreditRecord:
        return await queries.get(c.tx, viewer=c.actor, record_id=record_id)

    return answer(await read(request, look))


@get("/api/v1/my/credit", summary="One's own credit", tags=_TAGS, opt=answers(MyCredit))
async def get_my_credit(request: AnyRequest) -> Response[bytes]:
    """Return what one's own record means today: ban, limit, rank, reward."""

    async def look(c: Command) -> MyCredit:
        return MyCredit(
            standing=await queries.get_standing(c.tx, party_id=c.actor.party, on=local_date(c.now)),
            rewards=tuple(await queries.list_rewards(c.tx, viewer=c.actor)),
        )

    return answer(await read(request, look))


@get(
    "/api/v1/credit-list",
    summary="Who is punished and who rewarded",
    tags=_TAGS,
    opt=answers(CreditList),
)
async def get_credit_list(request: AnyRequest) -> Response[bytes]:
    """Return the sanctions and rewards in force of organisations, without the facts of a case."""

    async def look(c: Command) -> CreditList:
        return await queries.get_public(c.tx, today=local_date(c.now))

    return answer(await read(request, look))


@post(
    "/api/v1/credit-records/{record_id:uuid}/objections",
    summary="Object to a finding",
    tags=_TAGS,
    opt=answers(CreditRecord),
)
async def object_to_finding(
    request: AnyRequest, record_id: FromPath[uuid.UUID], data: JSONBody[ObjectToFinding]
) -> Response[bytes]:
    """Object, as the party, to what was found of it (异议)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.object_to(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                record_id=record_id,
                statement=data.statement,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/credit-records/{record_id:uuid}/answers",
    summary="Decide on an objection",
    tags=_TAGS,
    opt=answers(CreditRecord),
)
async def answer_objection(
    request: AnyRequest, record_id: FromPath[uuid.UUID], data: JSONBody[AnswerObjection]
) -> Response[bytes]:
    """Decide, as the authority, on a party's objection (异议处理)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.answer_objection(
                c.tx,
                actor=c.actor,
                now=c.now,
                record_id=record_id,
                upholds=data.upholds,
                answer=data.answer,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/credit-records/{record_id:uuid}/sanctions",
    summary="Punish",
    tags=_TAGS,
    opt=answers(CreditRecord),
)
async def punish(
    request: AnyRequest, record_id: FromPath[uuid.UUID], data: JSONBody[Sanction]
) -> Response[bytes]:
    """Ban the party for three years, limit its orders, or rank it lower, for a year (失信惩戒)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.punish(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                record_id=record_id,
                sanction=data,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/credit-records/{record_id:uuid}/repairs",
    summary="Repair a party's credit",
    tags=_TAGS,
    opt=answers(CreditRecord),
)
async def repair(
    request: AnyRequest, record_id: FromPath[uuid.UUID], data: JSONBody[Repair]
) -> Response[bytes]:
    """Lift a sanction before its end, since the party put it right (信用修复)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.repair(
                c.tx, actor=c.actor, now=c.now, record_id=record_id, reason=data.reason
            )
        )

    return await command(request, act)


@post("/api/v1/credit-rewards", summary="Reward a party", tags=_TAGS, opt=creates(Reward))
async def reward(request: AnyRequest, data: JSONBody[GiveReward]) -> Response[bytes]:
    """Reward a party for keeping faith; everybody reads it for a year (守信激励)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        given = await operations.reward(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            party_id=PartyId(data.party_id),
            text=data.text,
        )
        return created(given, "/api/v1/credit-list")

    return await command(request, act)
