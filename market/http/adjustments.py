"""Correct the books by hand: propose, decide as somebody else, take back (调账)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.files import operations as files
from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.adjustments import operations, queries
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.states import State

_TAGS = ["ledger"]
_Account = Annotated[str, Meta(min_length=3, max_length=120)]
_Text = Annotated[str, Meta(min_length=1, max_length=1_000)]


class ProposeAdjustment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which account to which, how much, dated when, why, and which document shows it."""

    source: _Account
    target: _Account
    amount_fen: Annotated[int, Meta(ge=1, le=10**15)]
    value_on: dt.date | None = None  # today, if not given
    reason: _Text
    evidence: _Text
    evidence_file_id: uuid.UUID | None = None
    adjusts: dt.date | None = None
    book: Annotated[str, Meta(pattern="^(market|public_data)$")] = "market"


class RejectAdjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an adjustment is rejected."""

    reason: _Text


@post(
    "/api/v1/ledger/adjustments",
    summary="Propose an adjustment",
    tags=_TAGS,
    opt=creates(Adjustment),
)
async def propose_adjustment(
    request: AnyRequest, data: JSONBody[ProposeAdjustment]
) -> Response[bytes]:
    """Propose a correction with its reason and evidence; another person decides (提出调账)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        sha256 = None
        if data.evidence_file_id is not None:
            stored = await files.open_content(
                c.tx, actor=c.actor, now=c.now, file_id=data.evidence_file_id
            )
            sha256 = stored.sha256
        told = msgspec.structs.asdict(data)
        told["value_on"] = data.value_on or local_date(c.now)
        wanted = Proposed(**told, evidence_sha256=sha256)
        found = await operations.propose(c.tx, actor=c.actor, now=c.now, wanted=wanted)
        return created(found, f"/api/v1/ledger/adjustments/{found.id}")

    return await command(request, act)


@get(
    "/api/v1/ledger/adjustments",
    summary="Adjustments of the books",
    tags=_TAGS,
    opt=answers(Page[Adjustment]),
)
async def list_adjustments(
    request: AnyRequest,
    *,
    adjustment_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return adjustments, the newest first; those in one state if named (调账单)."""

    async def look(c: Command) -> Page[Adjustment]:
        return await queries.list_adjustments(
            c.tx, viewer=c.actor, state=adjustment_state, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/ledger/adjustments/{adjustment_id:uuid}",
    summary="An adjustment",
    tags=_TAGS,
    opt=answers(Adjustment),
)
async def get_adjustment(
    request: AnyRequest, adjustment_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one adjustment, who proposed and decided it, and its entry."""

    async def look(c: Command) -> Adjustment:
        return await queries.get_adjustment(c.tx, viewer=c.actor, adjustment_id=adjustment_id)

    return answer(await read(request, look))


@post(
    "/api/v1/ledger/adjustments/{adjustment_id:uuid}/approvals",
    summary="Approve an adjustment",
    tags=_TAGS,
    opt=answers(Adjustment),
)
async def approve_adjustment(
    request: AnyRequest, adjustment_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Approve what somebody else proposed: its entry is posted (复核入账)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.approve(c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id)
        )

    return await command(request, act)


@post(
    "/api/v1/ledger/adjustments/{adjustment_id:uuid}/rejections",
    summary="Reject an adjustment",
    tags=_TAGS,
    opt=answers(Adjustment),
)
async def reject_adjustment(
    request: AnyRequest, adjustment_id: FromPath[uuid.UUID], data: JSONBody[RejectAdjustment]
) -> Response[bytes]:
    """Reject what somebody else proposed, and say why (驳回)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.reject(
                c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/ledger/adjustments/{adjustment_id:uuid}/withdrawals",
    summary="Take an adjustment back",
    tags=_TAGS,
    opt=answers(Adjustment),
)
async def withdraw_adjustment(
    request: AnyRequest, adjustment_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take back what one proposed oneself, before it is decided (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, adjustment_id=adjustment_id)
        )

    return await command(request, act)
