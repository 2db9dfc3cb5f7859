"""List products: draft, submit, publish, suspend, resume, delist (挂牌、上架、下架)."""

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
from market.listings import operations, queries
from market.listings.audience import Audience
from market.listings.model import Effect, Listing, Papers, TargetedOffer
from market.listings.states import State
from market.orders.operations import following


class DraftListing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which product is to be listed, and the papers that its data ask for."""

    product_id: uuid.UUID
    papers: Papers = Papers()
    audience: Audience | None = None  # for whom alone; left out: for everybody


class ReturnListing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not right."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


class StopOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an offer is stopped, and what becomes of running contracts."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]
    effect: Effect = Effect.DRAIN


@post("/api/v1/listings", summary="Draft a listing", tags=["listings"], opt=creates(Listing))
async def draft_listing(request: AnyRequest, data: JSONBody[DraftListing]) -> Response[bytes]:
    """Draft the listing of one's own product, or revise its draft; ``gate`` tells what is missing."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        listing = await operations.draft(
            c.tx,
            actor=c.actor,
            now=c.now,
            product_id=data.product_id,
            papers=data.papers,
            audience=data.audience,
        )
        return created(listing, f"/api/v1/listings?product_id={listing.product_id}")

    return await command(request, act)


@get("/api/v1/listings", summary="Listings", tags=["listings"], opt=answers(Page[Listing]))
async def list_listings(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    listing_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own listings, or all for the operator and the regulator."""

    async def look(c: Command) -> Page[Listing]:
        return await queries.list_listings(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            state=listing_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/targeted-offers",
    summary="What is offered to one's party alone",
    tags=["listings"],
    opt=answers(Page[TargetedOffer]),
)
async def list_targeted_offers(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what is on offer to one's party and not to everybody; no search finds it (定向要约)."""

    async def look(c: Command) -> Page[TargetedOffer]:
        return await queries.list_offered_to(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/listings/{listing_id:uuid}/submissions",
    summary="Submit a listing",
    tags=["listings"],
    opt=answers(Listing),
)
async def submit_listing(request: AnyRequest, listing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand a listing in for the operator's check (提交合规核查)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.submit(
                c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), listing_id=listing_id
            )
        )

    return await command(request, act)


@post(
    "/api/v1/listings/{listing_id:uuid}/returns",
    summary="Return a listing",
    tags=["listings"],
    opt=answers(Listing),
)
async def return_listing(
    request: AnyRequest, listing_id: FromPath[uuid.UUID], data: JSONBody[ReturnListing]
) -> Response[bytes]:
    """Give a listing back to its supplier, with what is not right (退回补齐)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.return_for_completion(
                c.tx, actor=c.actor, now=c.now, listing_id=listing_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/listings/{listing_id:uuid}/publications",
    summary="Publish a listing",
    tags=["listings"],
    opt=answers(Listing),
)
async def publish_listing(request: AnyRequest, listing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """List a product (上架): everyone finds it, and it can be ordered."""

    async def act(c: Command) -> Answer:
        return done(await operations.publish(c.tx, actor=c.actor, now=c.now, listing_id=listing_id))

    return await command(request, act)


@post(
    "/api/v1/listings/{listing_id:uuid}/suspensions",
    summary="Suspend a listing",
    tags=["listings"],
    opt=answers(Listing),
)
async def suspend_listing(
    request: AnyRequest, listing_id: FromPath[uuid.UUID], data: JSONBody[StopOffer]
) -> Response[bytes]:
    """Take a listing off for the time being (暂停); running orders go on (``drain``) or wait (``freeze``)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        listing = await operations.suspend(
            c.tx,
            actor=c.actor,
            now=c.now,
            listing_id=listing_id,
            reason=data.reason,
            effect=data.effect,
        )
        await following.follow(c.tx, now=c.now, listing=listing)
        return done(listing)

    return await command(request, act)


@post(
    "/api/v1/listings/{listing_id:uuid}/resumptions",
    summary="Resume a listing",
    tags=["listings"],
    opt=answers(Listing),
)
async def resume_listing(request: AnyRequest, listing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """List again what was suspended, if it still may be (恢复上架); what was frozen with it goes on."""

    async def act(c: Command) -> Answer:
        listing = await operations.resume(c.tx, actor=c.actor, now=c.now, listing_id=listing_id)
        await following.go_on(c.tx, now=c.now, listing=listing)
        return done(listing)

    return await command(request, act)


@post(
    "/api/v1/listings/{listing_id:uuid}/delistings",
    summary="Delist a product",
    tags=["listings"],
    opt=answers(Listing),
)
async def delist_product(
    request: AnyRequest, listing_id: FromPath[uuid.UUID], data: JSONBody[StopOffer]
) -> Response[bytes]:
    """Take one's own product off the market (下架); running orders go on (``drain``) or end (``cut``)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        listing = await operations.delist(
            c.tx,
            actor=c.actor,
            now=c.now,
            listing_id=listing_id,
            reason=data.reason,
            effect=data.effect,
        )
        await following.follow(c.tx, now=c.now, listing=listing)
        return done(listing)

    return await command(request, act)
