"""File prices, take them on record, and show the price list (定价备案、价格清单, BJ-17, GD-07)."""

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
from catalog.signing.purposes import Purpose
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, context
from market.pricing import price_list, queries
from market.pricing.model import Filing, PriceListLine, SignedPriceList, Terms
from market.pricing.operations import filing as operations
from market.pricing.states import State


class ReturnFiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is missing (退回原因)."""

    missing: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(min_length=1)]


class WithdrawFiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


@post(
    "/api/v1/pricing-filings",
    summary="Draft a pricing filing",
    tags=["pricing"],
    opt=creates(Filing),
)
async def draft_filing(request: AnyRequest, data: JSONBody[Terms]) -> Response[bytes]:
    """Draft the prices of one's own product with their basis, scenarios and scope (BJ-17)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        filing = await operations.draft(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), terms=data
        )
        return created(filing, f"/api/v1/pricing-filings/{filing.id}")

    return await command(request, act)


@get(
    "/api/v1/pricing-filings",
    summary="Pricing filings",
    tags=["pricing"],
    opt=answers(Page[Filing]),
)
async def list_filings(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    filing_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own filings, or all for the operator and the supervisor."""

    async def look(c: Command) -> Page[Filing]:
        return await queries.list_filings(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            state=filing_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/pricing-filings/{filing_id:uuid}",
    summary="A pricing filing",
    tags=["pricing"],
    opt=answers(Filing),
)
async def get_filing(request: AnyRequest, filing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a filing of one's own, or any for the operator and the supervisor."""

    async def look(c: Command) -> Filing:
        return await queries.get(c.tx, viewer=c.actor, filing_id=filing_id)

    return answer(await read(request, look))


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/amendments",
    summary="Amend prices",
    tags=["pricing"],
    opt=creates(Filing),
)
async def amend_prices(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[Terms]
) -> Response[bytes]:
    """Draft the next edition of one's own prices; those in effect hold until it takes effect (修订)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        filing = await operations.amend(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            filing_id=filing_id,
            terms=data,
        )
        return created(filing, f"/api/v1/pricing-filings/{filing.id}")

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/submissions",
    summary="File prices",
    tags=["pricing"],
    opt=answers(Filing),
)
async def file_prices(request: AnyRequest, filing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """File with the supervisor what was drafted (报备); its bytes are fixed from now on."""
    needs_recording = context(request).settings.prices_need_recording

    async def act(c: Command) -> Answer:
        return done(
            await operations.file(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                filing_id=filing_id,
                needs_recording=needs_recording,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/recordings",
    summary="Take prices on record",
    tags=["pricing"],
    opt=answers(Filing),
)
async def record_filing(request: AnyRequest, filing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take a filing on record (予以备案): it has a number and a receipt, and stands in the price list."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.record(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                filing_id=filing_id,
                signer=c.context.signers[Purpose.STATEMENT],
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/returns",
    summary="Return a filing",
    tags=["pricing"],
    opt=answers(Filing),
)
async def return_filing(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[ReturnFiling]
) -> Response[bytes]:
    """Give a filing back with the list of what is missing (退回补齐)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.return_for_completion(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                filing_id=filing_id,
                missing=data.missing,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/pricing-filings/{filing_id:uuid}/withdrawals",
    summary="Withdraw a filing",
    tags=["pricing"],
    opt=answers(Filing),
)
async def withdraw_filing(
    request: AnyRequest, filing_id: FromPath[uuid.UUID], data: JSONBody[WithdrawFiling]
) -> Response[bytes]:
    """Take one's own filing back (撤回). Running orders keep their price."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(
                c.tx, actor=c.actor, now=c.now, filing_id=filing_id, reason=data.reason
            )
        )

    return await command(request, act)


@get(
    "/api/v1/price-list",
    summary="The price list",
    tags=["pricing"],
    opt=answers(Page[PriceListLine]),
)
async def get_price_list(
    request: AnyRequest,
    *,
    scenario: FromQuery[str | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    zone: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the public price list (价格清单): scenario, product, unit, price, filing number.

    ``zone`` is the code of a zone of public data.
    """

    async def look(c: Command) -> Page[PriceListLine]:
        return await queries.list_prices(
            c.tx, scenario=scenario, product_id=product_id, zone=zone, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/price-list/signed",
    summary="The price list, signed",
    tags=["pricing"],
    opt=answers(SignedPriceList),
)
async def get_signed_price_list(
    request: AnyRequest,
    *,
    scenario: FromQuery[str | None] = None,
    zone: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return a page of the price list by scenario as a signed statement, as ``market verify`` reads it."""
    asked = price_list.Asked(scenario=scenario, zone=zone, cursor=cursor)

    async def look(c: Command) -> SignedPriceList:
        found = await queries.list_prices(
            c.tx, scenario=scenario, zone=zone, limit=limit, cursor=cursor
        )
        return price_list.signed(
            found, asked, now=c.now, signer=c.context.signers[Purpose.STATEMENT]
        )

    return answer(await read(request, look))
