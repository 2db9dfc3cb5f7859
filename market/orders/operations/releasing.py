"""Release an order's escrow, and keep back what its terms say (放款、扣留质保金)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.orders import queries
from settlement.escrow.model import Release
from settlement.escrow.operations import releasing as escrow
from settlement.retentions import operations as retentions


async def release(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Release:
    """Pay an escrow out by the split that was frozen with its order; what is kept is held at once.

    :raises NotPermitted: if the actor may not release.
    :raises OrderMissing: if there is no such order (and what ``get_release_terms`` and
        ``escrow.release`` raise).
    """
    terms = await queries.get_release_terms(tx, order_id=order_id)
    paid = await escrow.release(
        tx, actor=actor, now=now, order_id=order_id, split=terms.split, facts=terms.facts
    )
    if terms.retained is not None and terms.retained_until is not None:
        await retentions.keep(
            tx,
            actor=actor,
            now=now,
            release=paid,
            retained=terms.retained,
            due_at=terms.retained_until,
        )
    return paid
