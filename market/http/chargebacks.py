"""See and contest charge-backs (拒付与申诉)."""

from __future__ import annotations

import uuid
from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest
from market.orders.operations import charged_back
from settlement.chargebacks import operations, queries
from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.operations import Evidence, Note
from settlement.chargebacks.states import State

_TAGS: Final = ["payments"]


class ContestChargeback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the channel is told: contract, delivery, acceptance, by their numbers."""

    evidence: Evidence


class AcceptChargeback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is not contested."""

    reason: Note


class ChargebackOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the channel decided, and by which notice: its number and date."""

    outcome: Literal["won", "lost"]
    notice: Note


@get("/api/v1/chargebacks", summary="Charge-backs", tags=_TAGS, opt=answers(Page[Chargeback]))
async def list_chargebacks(
    request: AnyRequest,
    *,
    chargeback_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what payers' banks take back, the oldest first, each with until when it is contested."""

    async def look(c: Command) -> Page[Chargeback]:
        return await queries.list_chargebacks(
            c.tx, viewer=c.actor, state=chargeback_state, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/chargebacks/{chargeback_id:uuid}",
    summary="One charge-back",
    tags=_TAGS,
    opt=answers(Chargeback),
)
async def get_chargeback(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one case of a channel and what became of it."""

    async def look(c: Command) -> Chargeback:
        return await queries.get_chargeback(c.tx, viewer=c.actor, chargeback_id=chargeback_id)

    return answer(await read(request, look))


@post(
    "/api/v1/chargebacks/{chargeback_id:uuid}/contests",
    summary="Contest a charge-back",
    tags=_TAGS,
    opt=answers(Chargeback),
)
async def contest_chargeback(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID], data: JSONBody[ContestChargeback]
) -> Response[bytes]:
    """Note with what evidence the channel is told that the money is ours (申诉), within its window."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.contest(
                c.tx,
                actor=c.actor,
                now=c.now,
                chargeback_id=chargeback_id,
                evidence=data.evidence,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/chargebacks/{chargeback_id:uuid}/acceptances",
    summary="Accept a charge-back",
    tags=_TAGS,
    opt=answers(Chargeback),
)
async def accept_chargeback(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID], data: JSONBody[AcceptChargeback]
) -> Response[bytes]:
    """Let the money go to the channel instead of contesting, and say why (接受拒付)."""

    async def act(c: Command) -> Answer:
        return done(
            await charged_back.accept(
                c.tx, actor=c.actor, now=c.now, chargeback_id=chargeback_id, note=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/chargebacks/{chargeback_id:uuid}/outcomes",
    summary="Record how the channel decided",
    tags=_TAGS,
    opt=answers(Chargeback),
)
async def record_chargeback_outcome(
    request: AnyRequest, chargeback_id: FromPath[uuid.UUID], data: JSONBody[ChargebackOutcome]
) -> Response[bytes]:
    """Record won or lost by the channel's written notice (登记裁定结果); not who contested it."""

    async def act(c: Command) -> Answer:
        return done(
            await charged_back.record_outcome(
                c.tx,
                actor=c.actor,
                now=c.now,
                chargeback_id=chargeback_id,
                is_won=data.outcome == "won",
                note=data.notice,
            )
        )

    return await command(request, act)
