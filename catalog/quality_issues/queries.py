"""Read quality issues: one's own, and all for the operator and the authority."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.metadata import named_resources
from catalog.quality_issues import store
from catalog.quality_issues.model import QualityIssue, Standing
from catalog.quality_issues.states import State


class QualityIssueMissing(Missing):
    """There is no such issue, or none that this actor may know of."""

    code = "not_found"


async def get(tx: Tx, *, viewer: Actor, issue_id: uuid.UUID) -> QualityIssue:
    """Return an issue that one reported, supplies or answers, or any for the authorities.

    :raises NotPermitted: if the viewer reads none.
    :raises QualityIssueMissing: if there is none that it may see.
    """
    viewer.require("quality_issue:read")
    found = await store.find(tx, issue_id)
    if found is None:
        raise QualityIssueMissing
    return found


async def sources_of_last(tx: Tx, issue: QualityIssue) -> list[uuid.UUID]:
    """Return from which products that one was made that the walk came to."""
    if not issue.hops:
        return []
    last = await products.find(tx, product_id=issue.hops[-1].product_id)
    if last is None or last.description is None:
        return []
    return named_resources(last.description)


async def list_next(tx: Tx, *, viewer: Actor, issue: QualityIssue) -> dict[uuid.UUID, str]:
    """Return at which products the walk may look next, with their names (下一级).

    :raises NotPermitted: if the viewer traces none.
    """
    viewer.require("quality_issue:handle")
    ids = await sources_of_last(tx, issue) if issue.hops else [issue.product_id]
    walked = {hop.product_id for hop in issue.hops}
    found = {each: await products.find(tx, product_id=each) for each in ids if each not in walked}
    return {each: product.name for each, product in found.items() if product is not None}


async def get_standing(tx: Tx, *, product_id: uuid.UUID) -> Standing:
    """Return how many issues of a product are at work and answered; who reported what stays closed."""
    async with beyond_own_rows(tx):
        return await store.count_of_product(tx, product_id)


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    provider_party_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[QualityIssue]:
    """Return issues, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("quality_issue:read")
    paging.check_limit(limit)
    query = paging.fingerprint("quality_issues", str(product_id), str(provider_party_id), state)
    found = await store.list_page(
        tx,
        product_id=product_id,
        provider_party_id=provider_party_id,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=limit + 1,
    )
    return paging.page_by_id(query, found, limit)
