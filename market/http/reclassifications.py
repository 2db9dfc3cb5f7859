"""Propose, withdraw and decide a level below that of the sources (重新定级): two people."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.reclassifications import operations as reclassifications
from catalog.reclassifications import queries
from catalog.reclassifications.model import Proposal, ReclassificationRecord
from catalog.reclassifications.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest


class DecideReclassification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the lower level is confirmed, and why or why not."""

    is_confirmed: bool
    remark: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@post(
    "/api/v1/products/{product_id:uuid}/reclassifications",
    summary="Propose a level below that of the sources",
    tags=["products"],
    opt=creates(ReclassificationRecord),
)
async def propose_reclassification(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[Proposal]
) -> Response[bytes]:
    """Propose to lower the level of one's own product, with a file that shows why it may be."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        record = await reclassifications.propose(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, proposal=data
        )
        return created(record, f"/api/v1/reclassifications?product_id={product_id}")

    return await command(request, act)


@post(
    "/api/v1/reclassifications/{reclassification_id:uuid}/withdrawals",
    summary="Take a proposal back",
    tags=["products"],
    opt=answers(ReclassificationRecord),
)
async def withdraw_reclassification(
    request: AnyRequest, reclassification_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's own proposal back before it is decided."""

    async def act(c: Command) -> Answer:
        record = await reclassifications.withdraw(
            c.tx, actor=c.actor, now=c.now, reclassification_id=reclassification_id
        )
        return done(record)

    return await command(request, act)


@post(
    "/api/v1/reclassifications/{reclassification_id:uuid}/decisions",
    summary="Confirm or refuse a lower level",
    tags=["products"],
    opt=answers(ReclassificationRecord),
)
async def decide_reclassification(
    request: AnyRequest,
    reclassification_id: FromPath[uuid.UUID],
    data: JSONBody[DecideReclassification],
) -> Response[bytes]:
    """Be the second person: confirm the lower level, which then counts at once, or refuse it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        record = await reclassifications.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            reclassification_id=reclassification_id,
            is_confirmed=data.is_confirmed,
            remark=data.remark,
        )
        return done(record)

    return await command(request, act)


@get(
    "/api/v1/reclassifications",
    summary="Proposals to lower a level",
    tags=["products"],
    opt=answers(Page[ReclassificationRecord]),
)
async def list_reclassifications(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own proposals, or all for the operator and the authority, newest first."""

    async def look(c: Command) -> Page[ReclassificationRecord]:
        return await queries.list_page(
            c.tx, viewer=c.actor, product_id=product_id, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))
