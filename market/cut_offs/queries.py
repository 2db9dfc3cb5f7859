"""Read cut-offs: the operator and the authority all, a supplier those that it ordered."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.paging import Page
from market.cut_offs import store
from market.cut_offs.model import CutOff


async def list_cut_offs(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[CutOff]:
    """Return a page of cut-offs, newest first.

    :raises NotPermitted: if the viewer cuts nothing off.
    """
    viewer.require("order:cut_off")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("cut_offs", str(party))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR ordered_by_party_id = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        party,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.cut_off_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def is_cut_off(tx: Tx, *subjects: uuid.UUID) -> bool:
    """Tell whether a cut-off stands on any of these: before anything new is ordered of them."""
    found = await tx.fetch_value(
        """
        SELECT true FROM market.cut_offs
         WHERE state = 'standing' AND subject_id = ANY ($1) LIMIT 1""",
        list(subjects),
    )
    return bool(found)


async def list_untold(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return the cut-offs of which the buyers do not know yet, oldest first."""
    rows = await tx.fetch(
        "SELECT id FROM market.cut_offs WHERE told_at IS NULL ORDER BY id LIMIT $1", limit
    )
    return [row["id"] for row in rows]
