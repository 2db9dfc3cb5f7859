"""Read objections to results of auctions: one's own and those to one's sale in full, how far they are everybody."""

from __future__ import annotations

import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from market.auctions import queries as auctions
from market.award_objections import store
from market.award_objections.model import AwardObjection, ShownObjection


class AwardObjectionMissing(Missing):
    """There is no such objection, or none that this actor may know of."""


async def list_shown(tx: Tx, *, auction_id: uuid.UUID) -> list[ShownObjection]:
    """Return how far the objections to the results of an auction are, as everybody reads it (公示).

    :raises AuctionMissing: if there is none that the actor may see.
    """
    await auctions.get(tx, auction_id=auction_id)
    async with beyond_own_rows(tx):  # neither who objects nor why is told
        found = await store.list_of(tx, auction_id)
    return [
        ShownObjection(
            state=each.state,
            against_paddle=each.against_paddle,
            filed_at=each.filed_at,
            decision=each.decision,
            decided_at=each.decided_at,
        )
        for each in found
    ]


async def list_of(tx: Tx, *, viewer: Actor, auction_id: uuid.UUID) -> list[AwardObjection]:
    """Return the objections that the viewer reads in full: its own, those to its sale, or all.

    :raises NotPermitted: if the viewer reads none.
    :raises AuctionMissing: if there is none that the actor may see.
    """
    viewer.require("award_objection:read")
    await auctions.get(tx, auction_id=auction_id)
    return await store.list_of(tx, auction_id)


async def list_waiting(tx: Tx, *, viewer: Actor, limit: int = 100) -> list[AwardObjection]:
    """Return what waits for a decision, those first that wait longest.

    :raises NotPermitted: if the viewer decides on none.
    """
    viewer.require("award_objection:decide")
    return await store.list_waiting(tx, limit=limit)
