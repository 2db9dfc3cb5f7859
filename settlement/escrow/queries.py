"""Read escrows."""

from __future__ import annotations

import uuid

from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.escrow import store
from settlement.escrow.model import Escrow


class EscrowMissing(Missing):
    """The order has no escrow: nothing was to be paid for it yet."""

    code = "escrow_not_found"


async def find_escrow(tx: Tx, order_id: uuid.UUID) -> Escrow | None:
    """Return the escrow of an order, or None."""
    row = await tx.fetch_one(f"{store.SELECT} WHERE order_id = $1", order_id)
    return None if row is None else store.escrow(row)


async def get_escrow(tx: Tx, order_id: uuid.UUID) -> Escrow:
    """Return the escrow of an order.

    :raises EscrowMissing: if it has none.
    """
    escrow = await find_escrow(tx, order_id)
    if escrow is None:
        raise EscrowMissing(order_id=str(order_id))
    return escrow
