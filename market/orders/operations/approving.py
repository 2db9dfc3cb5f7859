"""Ask the buyer's own organisation before it signs the contract of an order (内部审批).

Placing an order binds nobody, its signature does. What stands under an agreement was approved with it.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.approvals import operations as approvals
from market.approvals.model import About, Approval, Wanted
from market.orders.model import Contract, Order
from market.orders.operations.casework import lock_of_buyer
from market.orders.queries import ContractMissing
from market.orders.states import Event, advance
from market.orders.store import contracts


async def ask(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Approval:
    """Ask the buyer's organisation to approve the contract that is to be signed (提交内部审批).

    :raises NotPermitted: if the actor asks for no approvals.
    :raises OrderMissing: if the order is unknown, or somebody else's.
    :raises OrderEventNotAllowed: if there is nothing to sign yet, or any more.
    :raises ApprovalNotNeeded: if no step asks for this amount (and the others of
        ``approvals.request``).
    """
    actor.require("approval:request")
    order = await lock_of_buyer(tx, actor, order_id)
    advance(order.state, Event.SIGN)
    contract = await contracts.find(tx, order.id)
    if contract is None:
        raise ContractMissing
    if order.agreement_id is not None:
        raise approvals.ApprovalNotNeeded
    return await approvals.request(tx, actor=actor, now=now, wanted=wanted_of(order, contract))


async def let_through(tx: Tx, order: Order, contract: Contract, *, now: dt.datetime) -> None:
    """Return if the buyer may sign: it needs what its chain asks for.

    :raises ApprovalRequired: if an approval is needed (and ``ApprovalPending``).
    """
    if order.agreement_id is None:
        await approvals.let_through(
            tx, party=order.buyer_party_id, now=now, wanted=wanted_of(order, contract)
        )


def wanted_of(order: Order, contract: Contract) -> Wanted:
    """Return what is asked approval for, where the contract of an order is to be signed."""
    return Wanted(
        about=About.ORDER,
        subject_id=order.id,
        terms_sha256=contract.sha256,
        product_id=order.product_id,
        product_name=order.product_name,
        amount_fen=order.amount_fen,
    )
