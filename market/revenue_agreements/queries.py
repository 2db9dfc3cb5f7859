"""Read revenue agreements: those of which one's own party is one, all for staff and the supervisor."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.revenue_agreements import store
from market.revenue_agreements.model import RevenueAgreement


class RevenueAgreementMissing(Missing):
    """There is no such revenue agreement, or none that this actor may know of."""


async def find_in_force(tx: Tx, *, product_id: uuid.UUID) -> RevenueAgreement | None:
    """Return the agreement in force for a product, for rooms above, or None."""
    row = await tx.fetch_one(
        store.SELECT + " WHERE product_id = $1 AND state = 'in_force'", product_id
    )
    return None if row is None else store.agreement_of(row)


async def get_revenue_agreement(
    tx: Tx, *, viewer: Actor, agreement_id: uuid.UUID
) -> RevenueAgreement:
    """Return an agreement to those who have a part in it, to staff and to the supervisor.

    :raises NotPermitted: if the viewer reads none.
    :raises RevenueAgreementMissing: if there is none, or it is between others.
    """
    viewer.require("revenue_agreement:read")
    row = await tx.fetch_one(store.SELECT + " WHERE id = $1", agreement_id)
    found = None if row is None else store.agreement_of(row)
    if found is None or not _may_see(viewer, found):
        raise RevenueAgreementMissing
    return found


async def list_revenue_agreements(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[RevenueAgreement]:
    """Return a page of agreements, newest first: those that name one's party, or all.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("revenue_agreement:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("revenue_agreements", str(party), str(product_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR $1 = ANY (asked))
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        party,
        product_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.agreement_of(row) for row in rows], limit)


def _may_see(viewer: Actor, agreement: RevenueAgreement) -> bool:
    return viewer.sees_all or viewer.party in agreement.asked
