"""Compute what a quantity costs, and offer one buyer a price of its own (计价、特别定价)."""

from __future__ import annotations

import datetime as dt
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
from market.pricing import queries as pricing
from market.pricing.model import UseCategory
from market.pricing.queries import Computed
from market.special_prices import operations, queries
from market.special_prices.model import Offered, SpecialPrice


class OfferSpecialPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one buyer is offered: so many units of a filed item, for so much, and why."""

    filing_id: uuid.UUID
    price_item: Annotated[str, Meta(max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=10**9)]
    amount_fen: Annotated[int, Meta(ge=0, le=10**15)]
    buyer_party_id: uuid.UUID
    valid_until: dt.date
    reason: Annotated[str, Meta(max_length=2_000)] = ""


@get(
    "/api/v1/products/{product_id:uuid}/price",
    summary="What a quantity costs",
    tags=["pricing"],
    opt=answers(Computed, refusals=(409, 422)),
)
async def compute_price(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    price_item: FromQuery[str],
    quantity: FromQuery[int] = 1,
    use_category: FromQuery[UseCategory | None] = None,
    scenario: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what a quantity costs at the filed price, line by line, as an order would (计价)."""

    async def look(c: Command) -> Computed:
        return await pricing.compute_price(
            c.tx,
            product_id=product_id,
            use_category=use_category,
            scenario=scenario,
            price_item=price_item,
            quantity=quantity,
        )

    return answer(await read(request, look))


@post(
    "/api/v1/special-prices",
    summary="Offer a special price",
    tags=["pricing"],
    opt=creates(SpecialPrice),
)
async def offer_special_price(
    request: AnyRequest, data: JSONBody[OfferSpecialPrice]
) -> Response[bytes]:
    """Offer one buyer a price of its own, within what is filed, with the reason (特别定价)."""
    check_readable(data)
    offered = Offered(**msgspec.structs.asdict(data))

    async def act(c: Command) -> Answer:
        price = await operations.offer(c.tx, actor=c.actor, now=c.now, offered=offered)
        return created(price, f"/api/v1/special-prices/{price.id}")

    return await command(request, act)


@get(
    "/api/v1/special-prices",
    summary="Special prices",
    tags=["pricing"],
    opt=answers(Page[SpecialPrice]),
)
async def list_special_prices(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the special prices offered by or to one's party, or all to the supervisor."""

    async def look(c: Command) -> Page[SpecialPrice]:
        return await queries.list_special_prices(
            c.tx, viewer=c.actor, product_id=product_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/special-prices/{special_price_id:uuid}/withdrawals",
    summary="Take a special price back",
    tags=["pricing"],
    opt=answers(SpecialPrice),
)
async def withdraw_special_price(
    request: AnyRequest, special_price_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take back what was offered to one buyer and not used yet (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(
                c.tx, actor=c.actor, now=c.now, special_price_id=special_price_id
            )
        )

    return await command(request, act)
