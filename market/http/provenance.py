"""Show from where products come and how they are classified; settle who is an item's source."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products import queries
from catalog.products.metadata import check_readable
from catalog.products.operations import settling
from catalog.products.provenance import Classified, Conflict, Provenance
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest


class SettleItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The product that an information item comes from, and why that one."""

    item: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    product_id: uuid.UUID
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SettledItem(msgspec.Struct, frozen=True):
    """What was settled."""

    item: str
    product_id: uuid.UUID


@get(
    "/api/v1/products/{product_id:uuid}/provenance",
    summary="What a product was made from, and what was made from it",
    tags=["products"],
    opt=answers(Provenance, refusals=(410,)),
)
async def get_provenance(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return both directions as far as the caller may see (来源可溯、去向可查)."""

    async def look(c: Command) -> Provenance:
        return await queries.get_provenance(c.tx, viewer=c.actor, product_id=product_id)

    return answer(await read(request, look))


@get(
    "/api/v1/products/{product_id:uuid}/classifications",
    summary="How a product was classified, and when that changed",
    tags=["products"],
    opt=answers(list[Classified], refusals=(410,)),
)
async def list_classifications(
    request: AnyRequest, product_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return category and level with the sources' level beside it, newest first (分类分级历史)."""

    async def look(c: Command) -> list[Classified]:
        return await queries.list_classifications(c.tx, viewer=c.actor, product_id=product_id)

    return answer(await read(request, look))


@get(
    "/api/v1/item-conflicts",
    summary="Information items that several products claim",
    tags=["products"],
    opt=answers(Page[Conflict]),
)
async def list_item_conflicts(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the conflicts of 一数一源 (GD-01(b)), settled ones too, as far as the caller may see."""

    async def look(c: Command) -> Page[Conflict]:
        return await queries.list_item_conflicts(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/item-settlements",
    summary="Name the one product that an item comes from",
    tags=["products"],
    opt=answers(SettledItem),
)
async def settle_item(request: AnyRequest, data: JSONBody[SettleItem]) -> Response[bytes]:
    """Settle a conflict of 一数一源: one product is the source, the others may not claim the item."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await settling.settle_item(
            c.tx,
            actor=c.actor,
            now=c.now,
            item=data.item,
            product_id=data.product_id,
            reason=data.reason,
        )
        return done(SettledItem(data.item, data.product_id))

    return await command(request, act)
