"""Hold the payout of an order while something about it is looked into, and lift that (暂缓放款)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import new_id
from market.orders.operations.casework import lock, remember
from market.orders.store import payout_holds
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import freezing
from settlement.escrow.states import State as EscrowState


class PayoutHeldAlready(Conflict):
    """The payout of the order is held already; two holds would leave open which one counts."""

    code = "payout_held_already"


class PayoutNotHeld(Refused):
    """The payout of the order is not held."""

    code = "payout_not_held"


async def hold(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str) -> None:
    """Hold the money of an order where it is: it goes to nobody before that is lifted.

    :raises NotPermitted: if the actor holds nothing.
    :raises OrderMissing: if there is no such order.
    :raises PayoutHeldAlready: if it is held.
    :raises EscrowMissing: if nothing is to be paid.
    :raises EventNotAllowed: if there is no money in it, or no more.
    """
    actor.require("payout:hold")
    order = await lock(tx, order_id)
    if await payout_holds.find(tx, order_id) is not None:
        raise PayoutHeldAlready
    held = await escrow.lock(tx, order_id)
    if held.state is not EscrowState.DISPUTED:
        await freezing.freeze(tx, actor=actor, now=now, order_id=order_id)
    await payout_holds.insert(
        tx, hold_id=new_id(), order_id=order_id, reason=reason, by=actor.account_id, now=now
    )
    await remember(
        tx, Happened.PAYOUT_HELD, order, actor=actor, now=now, reason=reason, rules=("QD-S2",)
    )


async def lift(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str) -> None:
    """Lift a hold: what was accepted is paid out, what is disputed waits for its resolution.

    :raises NotPermitted: if the actor holds nothing.
    :raises OrderMissing: if there is no such order.
    :raises PayoutNotHeld: if it is not held.
    """
    actor.require("payout:hold")
    order = await lock(tx, order_id)
    standing = await payout_holds.find(tx, order_id)
    if standing is None:
        raise PayoutNotHeld
    await payout_holds.lift(tx, standing, reason=reason, now=now)
    await remember(
        tx, Happened.PAYOUT_LIFTED, order, actor=actor, now=now, reason=reason, rules=("QD-S2",)
    )
