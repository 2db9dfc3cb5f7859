"""Describe products, attach what is delivered, and let everyone find what is public (目录、搜索)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products import queries
from catalog.products.model import Content, Description, Product
from catalog.products.operations import describing as products
from catalog.profiles import operations as profiles
from catalog.profiles import queries as known
from catalog.profiles.preview import Label, label_of
from catalog.profiles.quality import Score
from catalog.search import queries as search
from catalog.search.model import Filters, Found, Sort
from market.http import searching
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    Glance,
    answer,
    command,
    created,
    done,
    expected_version,
    glance,
    read,
)
from market.http.context import AnyRequest
from market.http.negotiation import elsewhere
from market.identity import queries as identity
from market.listings import queries as listings


class AttachContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file to be delivered, uploaded before."""

    file_id: uuid.UUID


class WithdrawProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the product is taken back."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class ShownProduct(Product, frozen=True, kw_only=True):
    """A product as it is shown: its certificate's number if it has one, how good its content is."""

    certified: str | None
    quality: Score | None = None  # on the four dimensions of BJ-24; of what is described here
    ai_label: Label | None = None  # stands wherever the product is shown (AIL-1)


@post(
    "/api/v1/products",
    summary="Describe a product",
    tags=["products"],
    opt=creates(Product, version=True),
)
async def describe_product(
    request: AnyRequest,
    data: JSONBody[Description],
    *,
    draft: FromQuery[bool] = False,
    reference: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Describe a data product (数据产品著录, HN-02, HN-03); a draft need not be complete.

    ``reference`` is how its supplier calls it (供方编号): one of one's products at a time.
    """

    async def act(c: Command) -> Answer:
        product = await products.describe(
            c.tx,
            actor=c.actor,
            now=c.now,
            supplier_name=await _own_name(c),
            description=data,
            is_draft=draft,
            reference=reference,
        )
        return created(product, f"/api/v1/products/{product.id}", product.version)

    return await command(request, act)


@put(
    "/api/v1/products/{product_id:uuid}",
    summary="Describe a product anew",
    tags=["products"],
    opt=answers(Product, version=True),
)
async def revise_product(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    data: JSONBody[Description],
    *,
    draft: FromQuery[bool] = False,
) -> Response[bytes]:
    """Replace the description of one's own product, as long as it is not listed.

    What contradicts the content, as far as it was looked into, is refused with column, row and reason.
    """
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        product = await products.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            product_id=product_id,
            expected_version=version,
            supplier_name=await _own_name(c),
            description=data,
            is_draft=draft,
        )
        if not draft:
            await profiles.require_conforming(c.tx, product)
        return done(product, product.version)

    return await command(request, act)


@post(
    "/api/v1/products/{product_id:uuid}/withdrawals",
    summary="Take a product back",
    tags=["products"],
    opt=answers(Product, version=True),
)
async def withdraw_product(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[WithdrawProduct]
) -> Response[bytes]:
    """Take one's own product back (撤回), as long as it is not listed."""

    async def act(c: Command) -> Answer:
        product = await products.withdraw(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, reason=data.reason
        )
        return done(product, product.version)

    return await command(request, act)


@post(
    "/api/v1/products/{product_id:uuid}/contents",
    summary="Attach what is delivered",
    tags=["products"],
    opt=creates(Content),
)
async def attach_content(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[AttachContent]
) -> Response[bytes]:
    """Attach an uploaded file as the newest version of what is delivered (产品内容)."""

    async def act(c: Command) -> Answer:
        content = await products.attach_content(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, file_id=data.file_id
        )
        return created(content, f"/api/v1/products/{product_id}")

    return await command(request, act)


@get(
    "/api/v1/products",
    summary="Search the catalogue",
    tags=["products"],
    opt=answers(Found, refusals=(422,)),
)
async def search_products(
    request: AnyRequest,
    *,
    q: FromQuery[str] = "",
    form: FromQuery[str | None] = None,
    industry: FromQuery[str | None] = None,
    region: FromQuery[str | None] = None,
    region_code: FromQuery[str | None] = None,
    level: FromQuery[str | None] = None,
    supplier: FromQuery[str | None] = None,
    theme: FromQuery[str | None] = None,
    source: FromQuery[str | None] = None,
    update_cycle: FromQuery[str | None] = None,
    delivery: FromQuery[str | None] = None,
    zone: FromQuery[str | None] = None,
    certified: FromQuery[str | None] = None,
    open_data: FromQuery[str | None] = None,
    price: FromQuery[str | None] = None,
    price_from_fen: FromQuery[int | None] = None,
    price_to_fen: FromQuery[int | None] = None,
    sort: FromQuery[Sort] = Sort.RELEVANCE,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return public products with counts by kind; without words the newest first (搜索、筛选).

    ``industry`` and ``region_code`` are codes of GB/T 4754 and GB/T 2260: whatever lies in them is
    found, and counted by what lies right below them. A product's price is the lowest unit price of
    its filings in effect; ``certified`` is ``yes`` for one with a certificate in force, and
    ``open_data`` for one that everybody may fetch.
    """
    filters = Filters(
        form=form,
        industry=industry,
        region=region,
        region_code=region_code,
        level=level,
        supplier_name=supplier,
        theme=theme,
        source=source,
        update_cycle=update_cycle,
        delivery=delivery,
        zone=zone,
        certified=certified,
        open_data=open_data,
        price=price,
        price_from_fen=price_from_fen,
        price_to_fen=price_to_fen,
    )

    async def look(c: Glance) -> Found:
        return await searching.find(
            c, text=q, filters=filters, sort=sort, limit=limit, cursor=cursor
        )

    return answer(await glance(request, look))


@get(
    "/api/v1/products/{product_id:uuid}",
    summary="One product",
    tags=["products"],
    opt=answers(ShownProduct, 200, 303, version=True, refusals=(410,)),
)
async def get_product(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a public product, or one's own in full, with the number of its certificate."""
    if there := elsewhere(request, product_id):
        return there

    async def look(c: Command) -> ShownProduct:
        is_offered = await listings.is_offered_to(c.tx, viewer=c.actor, product_id=product_id)
        product = await queries.get(
            c.tx, viewer=c.actor, product_id=product_id, is_offered=is_offered
        )
        certified = await search.find_certificate_number(c.tx, product_id=product_id)
        said = product.description
        return ShownProduct(
            **msgspec.structs.asdict(product),
            certified=certified,
            quality=await known.find_quality(c.tx, product, today=local_date(c.now)),
            ai_label=None if said is None else label_of(said),
        )

    shown = await read(request, look)
    return answer(shown, version=shown.version)


@get(
    "/api/v1/my/products",
    summary="One's own products",
    tags=["products"],
    opt=answers(Page[Product]),
)
async def list_own_products(
    request: AnyRequest,
    *,
    reference: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the products of one's own party, drafts too, newest first."""

    async def look(c: Command) -> Page[Product]:
        return await queries.list_own(
            c.tx, viewer=c.actor, reference=reference, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


async def _own_name(c: Command) -> str:
    return (await identity.get_party(c.tx, c.actor.party)).name
