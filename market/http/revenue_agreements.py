"""Agree how what a product earns is shared (收益分配约定, QD-11)."""

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
from market.revenue_agreements import operations, queries
from market.revenue_agreements.model import RevenueAgreement
from settlement.revenue.methods import Agreed


class ProposeSharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which product the revenue is shared, and how."""

    product_id: uuid.UUID
    agreed: Agreed


class WhyNotShared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is declined, or ended."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


@post(
    "/api/v1/revenue-agreements",
    summary="Propose how revenue is shared",
    tags=["orders"],
    opt=creates(RevenueAgreement),
)
async def propose(request: AnyRequest, data: JSONBody[ProposeSharing]) -> Response[bytes]:
    """Propose by which of the four methods the revenue of one's product is shared; all are asked."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        agreement = await operations.propose(
            c.tx, actor=c.actor, now=c.now, product_id=data.product_id, agreed=data.agreed
        )
        return created(agreement, f"/api/v1/revenue-agreements/{agreement.id}")

    return await command(request, act)


@get(
    "/api/v1/revenue-agreements",
    summary="Revenue agreements",
    tags=["orders"],
    opt=answers(Page[RevenueAgreement]),
)
async def list_revenue_agreements(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the agreements of which one's party is asked, or all to staff and the supervisor."""

    async def look(c: Command) -> Page[RevenueAgreement]:
        return await queries.list_revenue_agreements(
            c.tx, viewer=c.actor, product_id=product_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/revenue-agreements/{agreement_id:uuid}",
    summary="A revenue agreement",
    tags=["orders"],
    opt=answers(RevenueAgreement),
)
async def get_revenue_agreement(
    request: AnyRequest, agreement_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return an agreement with who has agreed and who is waited for."""

    async def look(c: Command) -> RevenueAgreement:
        return await queries.get_revenue_agreement(c.tx, viewer=c.actor, agreement_id=agreement_id)

    return answer(await read(request, look))


@post(
    "/api/v1/revenue-agreements/{agreement_id:uuid}/consents",
    summary="Agree",
    tags=["orders"],
    opt=answers(RevenueAgreement),
)
async def agree(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Agree for one's own party; when all did, it holds for orders that are cleared from then on."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.agree(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)
        )

    return await command(request, act)


@post(
    "/api/v1/revenue-agreements/{agreement_id:uuid}/declinations",
    summary="Decline",
    tags=["orders"],
    opt=answers(RevenueAgreement),
)
async def decline(
    request: AnyRequest, agreement_id: FromPath[uuid.UUID], data: JSONBody[WhyNotShared]
) -> Response[bytes]:
    """Decline for one's own party: nothing comes of the proposal."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.decline(
                c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/revenue-agreements/{agreement_id:uuid}/withdrawals",
    summary="Take a proposal back",
    tags=["orders"],
    opt=answers(RevenueAgreement),
)
async def withdraw(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one proposed and not all agreed to yet (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)
        )

    return await command(request, act)


@post(
    "/api/v1/revenue-agreements/{agreement_id:uuid}/endings",
    summary="End a revenue agreement",
    tags=["orders"],
    opt=answers(RevenueAgreement),
)
async def end(
    request: AnyRequest, agreement_id: FromPath[uuid.UUID], data: JSONBody[WhyNotShared]
) -> Response[bytes]:
    """End an agreement for orders to come; those that were cleared keep it (终止)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.end(
                c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=data.reason
            )
        )

    return await command(request, act)
