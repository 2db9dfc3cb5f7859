"""Write off what an order owes that is over (坏账核销): what is shared then follows its contract."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from market.orders.operations.casework import lock
from market.orders.queries import OrderMissing
from market.orders.store import contracts
from settlement.write_offs import operations as write_offs
from settlement.write_offs import queries
from settlement.write_offs.model import WriteOff


async def approve(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, write_off_id: uuid.UUID
) -> WriteOff:
    """Approve what somebody else proposed, and share it by the order's frozen split.

    :raises NotPermitted: if the actor decides on none (and the others of ``write_offs.approve``).
    """
    actor.require("write_off:decide")
    found = await queries.get_write_off(tx, viewer=actor, write_off_id=write_off_id)
    await lock(tx, found.order_id)  # before its escrow, as who charges its uses does
    contract = await contracts.find(tx, found.order_id)
    if contract is None:
        raise OrderMissing
    return await write_offs.approve(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        write_off_id=write_off_id,
        split=contract.split,
    )
