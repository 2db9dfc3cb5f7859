"""Add up how often what the catalogue is ordered by stands in it (标签计数)."""

from __future__ import annotations

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.public_catalogue import store


async def add_up_labels(tx: Tx, *, actor: Actor) -> int:
    """Add what became more or less to the counts; return how much was told apart.

    Nothing that anybody reads changes by it: it is added up for whoever reads before it is, too.

    :raises NotPermitted: if the actor does not add up.
    """
    actor.require("catalogue_labels:add_up")
    return await store.add_up(tx)
