"""Cut an order off, let it go on, and complete it (切断、恢复、完成, BJ-28)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from market.access import operations as access
from market.orders.model import Order
from market.orders.operations import destruction
from market.orders.operations.casework import lock, move, remember
from market.orders.queries import OrderMissing
from market.orders.states import RESUMING, Event
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import funding, refunding
from settlement.escrow.states import State as EscrowState


class OrderNotSuspended(Refused):
    """Only a suspended order goes on."""

    code = "order_not_suspended"


async def cut_off(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    reason: str,
    for_good: bool,
) -> Order:
    """Stop all access of an order at once (终止授权使用, BJ-28), for the time being or for good.

    Done by the operator, the authority, or the supplier. If it ends for good before the delivery
    was accepted, what was paid goes back.

    :raises NotPermitted: if the actor cuts nothing off.
    :raises OrderMissing: if it is unknown, or the actor is neither supplier nor supervisor.
    :raises OrderEventNotAllowed: if it is over, or there is nothing yet to suspend.
    """
    actor.require("order:cut_off")
    order = await lock(tx, order_id)
    if not actor.sees_all and order.supplier_party_id != actor.party:
        raise OrderMissing
    if for_good:
        return await end(tx, order, actor=actor, now=now, reason=reason)
    stopped = await move(
        tx, order, Event.SUSPEND, now=now, reason=reason, suspended_from=order.state
    )
    await access.cut_off(tx, actor=actor, now=now, order_id=order.id, reason=reason, for_good=False)
    await _remember(tx, stopped, actor=actor, now=now, reason=reason, for_good=False)
    return stopped


async def end(tx: Tx, order: Order, *, actor: Actor, now: dt.datetime, reason: str) -> Order:
    """End an order for good, a part of a command that decided it; the caller holds it locked.

    :raises OrderEventNotAllowed: if it is over.
    """
    stopped = await move(tx, order, Event.TERMINATE, now=now, reason=reason, closed_at=now)
    await access.cut_off(tx, actor=actor, now=now, order_id=order.id, reason=reason, for_good=True)
    await _give_back(tx, order, actor=actor, now=now)
    await destruction.ask_for(tx, now=now, order=stopped)
    await _remember(tx, stopped, actor=actor, now=now, reason=reason, for_good=True)
    return stopped


async def resume(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str
) -> Order:
    """Let a suspended order go on where it stood (恢复).

    :raises NotPermitted: if the actor cuts nothing off.
    :raises OrderMissing: if it is unknown, or the actor is neither supplier nor supervisor.
    :raises OrderNotSuspended: if it is not suspended.
    """
    actor.require("order:cut_off")
    order = await lock(tx, order_id)
    if not actor.sees_all and order.supplier_party_id != actor.party:
        raise OrderMissing
    if order.suspended_from is None:
        raise OrderNotSuspended(state=order.state.value)
    event = RESUMING[order.suspended_from]
    resumed = await move(tx, order, event, now=now, reason=None, suspended_from=None)
    await access.restore(tx, actor=actor, now=now, order_id=order.id, reason=reason)
    await remember(
        tx,
        Happened.ORDER_RESUMED,
        resumed,
        actor=actor,
        now=now,
        reason=reason,
        rules=("BJ-28",),
    )
    return resumed


async def complete(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Order:
    """Complete an accepted order whose term is over or whose uses are all used (完成).

    The buyer is asked to state that it destroyed the data, where the contract says so (BJ-27(b)).

    :raises NotPermitted: if the actor is no job of ours.
    :raises OrderEventNotAllowed: if it is not accepted.
    """
    actor.require("order:turn")
    order = await lock(tx, order_id)
    completed = await move(tx, order, Event.COMPLETE, now=now, closed_at=now)
    await access.expire(tx, actor=actor, now=now, order_id=order.id)
    await remember(
        tx,
        Happened.ORDER_COMPLETED,
        completed,
        actor=actor,
        now=now,
        facts={"destroys_at_end": order.terms.destroys_at_end},
    )
    await destruction.ask_for(tx, now=now, order=completed)
    return completed


async def _remember(
    tx: Tx, stopped: Order, *, actor: Actor, now: dt.datetime, reason: str, for_good: bool
) -> None:
    await remember(
        tx,
        Happened.ORDER_CUT_OFF,
        stopped,
        actor=actor,
        now=now,
        facts={"for_good": for_good},
        reason=reason,
        rules=("BJ-28",),
    )


async def _give_back(tx: Tx, order: Order, *, actor: Actor, now: dt.datetime) -> None:
    if order.paid_at is None:
        await funding.expire(tx, actor=actor, now=now, order_id=order.id)
        return
    if order.is_free or order.accepted_at is not None:
        return
    held = await escrow.lock(tx, order.id)
    if held.state in (EscrowState.HELD, EscrowState.DISPUTED):
        await refunding.refund(tx, actor=actor, now=now, order_id=order.id)
