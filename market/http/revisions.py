"""Show what a product was: its versions, and field by field what changed (版本、差异)."""

from __future__ import annotations

import uuid
from typing import Annotated

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products import queries
from catalog.products.revisions import Compared, RevisionLine
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest

_GREATEST = 2_147_483_647


@get(
    "/api/v1/products/{product_id:uuid}/revisions",
    summary="The versions of a product",
    tags=["products"],
    opt=answers(Page[RevisionLine], refusals=(410,)),
)
async def list_revisions(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the versions of a product, the newest first; of others' those that were public."""

    async def look(c: Command) -> Page[RevisionLine]:
        return await queries.list_revisions(
            c.tx, viewer=c.actor, product_id=product_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/products/{product_id:uuid}/revisions/{version:int}",
    summary="One version, and what is otherwise in it",
    tags=["products"],
    opt=answers(Compared, refusals=(410,)),
)
async def compare_revisions(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    version: FromPath[int],
    *,
    against: Annotated[int | None, QueryParameter(ge=1, le=_GREATEST)] = None,
) -> Response[bytes]:
    """Return a version with each field that differs from ``against`` (the one before if not given).

    Fields are named in Chinese and English; entries of lists by their own name.
    """

    async def look(c: Command) -> Compared:
        return await queries.compare_revisions(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            version=min(version, _GREATEST),
            against=against,
        )

    return answer(await read(request, look))
