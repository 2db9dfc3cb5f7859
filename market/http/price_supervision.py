"""Supervise filed prices: inquiries, corrections, ceilings; hand out receipts (问询、上限收费标准、备案回执)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.pricing import queries
from market.pricing.model import Ceiling, CeilingReference, Filing, Receipt
from market.pricing.operations import inquiries, laying_down

Said = Annotated[str, Meta(min_length=1, max_length=2_000)]


class AskAboutPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the supervisor wants to know."""

    question: Said


class ReplyAboutPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the supplier says to it."""

    reply: Said


class DecideAboutPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is decided like that."""

    reason: Said


class LayDownCeiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ceiling that the price authority decided on for a product."""

    product_id: uuid.UUID
    ceiling: CeilingReference


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/inquiries",
    summary="Ask about prices",
    tags=["pricing"],
    opt=answers(Filing),
)
async def inquire(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[AskAboutPrices]
) -> Response[bytes]:
    """Ask the supplier about prices in effect (问询); the days to reply begin."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await inquiries.inquire(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                filing_id=filing_id,
                question=data.question,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/replies",
    summary="Answer an inquiry about prices",
    tags=["pricing"],
    opt=answers(Filing),
)
async def reply(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[ReplyAboutPrices]
) -> Response[bytes]:
    """Answer what the supervisor asked about one's own prices, once (答复)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await inquiries.answer(
                c.tx, actor=c.actor, now=c.now, filing_id=filing_id, reply=data.reply
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/clearances",
    summary="Clear prices of a doubt",
    tags=["pricing"],
    opt=answers(Filing),
)
async def clear(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[DecideAboutPrices]
) -> Response[bytes]:
    """Decide that nothing is wrong with the prices (问询通过)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await inquiries.clear(
                c.tx, actor=c.actor, now=c.now, filing_id=filing_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/corrections",
    summary="Order that prices are corrected",
    tags=["pricing"],
    opt=answers(Filing),
)
async def order_correction(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[DecideAboutPrices]
) -> Response[bytes]:
    """Order a correction (责令改正): no new order takes these prices; running ones keep theirs."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await inquiries.order_correction(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                filing_id=filing_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/pricing-filings/{filing_id:uuid}/receipt",
    summary="The receipt of a filing",
    tags=["pricing"],
    opt=answers(Receipt),
)
async def get_receipt(request: AnyRequest, filing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the signed receipt of a recorded filing (备案回执), as ``market verify`` reads it."""

    async def look(c: Command) -> Receipt:
        return await queries.get_receipt(c.tx, filing_id=filing_id)

    return answer(await read(request, look))


@post(
    "/api/v1/price-ceilings",
    summary="Lay down a ceiling",
    tags=["pricing"],
    opt=creates(Ceiling),
)
async def lay_down_ceiling(request: AnyRequest, data: JSONBody[LayDownCeiling]) -> Response[bytes]:
    """Lay down the ceiling of a product (上限收费标准); what is above it is stopped on its first day."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        ceiling = await laying_down.lay_down(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            product_id=data.product_id,
            decided=data.ceiling,
        )
        return created(ceiling, f"/api/v1/price-ceilings?product_id={ceiling.product_id}")

    return await command(request, act)


@get(
    "/api/v1/price-ceilings",
    summary="Ceilings of a product",
    tags=["pricing"],
    opt=answers(list[Ceiling]),
)
async def list_ceilings(
    request: AnyRequest, *, product_id: FromQuery[uuid.UUID]
) -> Response[bytes]:
    """Return the ceilings that were laid down for a product, in their order."""

    async def look(c: Command) -> list[Ceiling]:
        return await queries.list_ceilings(c.tx, product_id=product_id)

    return answer(await read(request, look))
