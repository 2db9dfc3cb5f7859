"""Write off what a buyer used and never paid: propose, decide as somebody else, take back (坏账核销)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.orders.operations import writing_off
from settlement.write_offs import operations, queries
from settlement.write_offs.grounds import Ground
from settlement.write_offs.model import WriteOff
from settlement.write_offs.states import State

_TAGS = ["ledger"]
_PLACE = "/api/v1/ledger/write-offs"
_Text = Annotated[str, Meta(min_length=1, max_length=1_000)]


class ProposeWriteOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose debt is given up, on which ground, and which document shows it."""

    order_id: uuid.UUID
    ground: Ground
    evidence: _Text


class RejectWriteOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a write-off is rejected."""

    reason: _Text


@post(_PLACE, summary="Propose a write-off", tags=_TAGS, opt=creates(WriteOff))
async def propose_write_off(
    request: AnyRequest, data: JSONBody[ProposeWriteOff]
) -> Response[bytes]:
    """Propose to give up what an order that is over still owes; another person decides (提出核销)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        found = await operations.propose(
            c.tx,
            actor=c.actor,
            now=c.now,
            order_id=data.order_id,
            ground=data.ground,
            evidence=data.evidence,
        )
        return created(found, f"{_PLACE}/{found.id}")

    return await command(request, act)


@get(_PLACE, summary="Write-offs", tags=_TAGS, opt=answers(Page[WriteOff]))
async def list_write_offs(
    request: AnyRequest,
    *,
    write_off_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return write-offs, the newest first; those in one state if named (核销单)."""

    async def look(c: Command) -> Page[WriteOff]:
        return await queries.list_write_offs(
            c.tx, viewer=c.actor, state=write_off_state, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(f"{_PLACE}/{{write_off_id:uuid}}", summary="A write-off", tags=_TAGS, opt=answers(WriteOff))
async def get_write_off(request: AnyRequest, write_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one write-off, who proposed and decided it, and its entry."""

    async def look(c: Command) -> WriteOff:
        return await queries.get_write_off(c.tx, viewer=c.actor, write_off_id=write_off_id)

    return answer(await read(request, look))


@post(
    f"{_PLACE}/{{write_off_id:uuid}}/approvals",
    summary="Approve a write-off",
    tags=_TAGS,
    opt=answers(WriteOff),
)
async def approve_write_off(
    request: AnyRequest, write_off_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Approve what somebody else proposed: the platform pays the debt, the order is settled (核销)."""

    async def act(c: Command) -> Answer:
        return done(
            await writing_off.approve(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                write_off_id=write_off_id,
            )
        )

    return await command(request, act)


@post(
    f"{_PLACE}/{{write_off_id:uuid}}/rejections",
    summary="Reject a write-off",
    tags=_TAGS,
    opt=answers(WriteOff),
)
async def reject_write_off(
    request: AnyRequest, write_off_id: FromPath[uuid.UUID], data: JSONBody[RejectWriteOff]
) -> Response[bytes]:
    """Reject what somebody else proposed, and say why (驳回)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.reject(
                c.tx, actor=c.actor, now=c.now, write_off_id=write_off_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    f"{_PLACE}/{{write_off_id:uuid}}/withdrawals",
    summary="Take a write-off back",
    tags=_TAGS,
    opt=answers(WriteOff),
)
async def withdraw_write_off(
    request: AnyRequest, write_off_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take back what one proposed oneself, before it is decided (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, write_off_id=write_off_id)
        )

    return await command(request, act)
