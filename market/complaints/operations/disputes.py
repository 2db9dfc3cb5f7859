"""Open a complaint with each disputed delivery, and end both together (订单争议, RULES §6.8)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.workdays import Calendar
from catalog.profiles.quality import Dimension
from market.complaints import handling, store
from market.complaints.model import Outcome, Resolution
from market.complaints.operations import deciding, filing, investigating, triage
from market.complaints.operations.triage import Decision
from market.complaints.states import State
from market.orders.model import Order
from market.orders.operations import delivery
from market.orders.operations.delivery import Ruling
from market.orders.queries import get_order

_OUTCOMES = {
    Ruling.FOR_BUYER: Outcome.UPHELD,
    Ruling.FOR_SUPPLIER: Outcome.NOT_UPHELD,
    Ruling.IN_PART: Outcome.PARTLY_UPHELD,
}


async def raise_issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    order_id: uuid.UUID,
    reason: str,
) -> Order:
    """Object to a delivery; a complaint of its quality opens with it, and the money stays frozen.

    A complaint about the order that is open already is not doubled.

    :raises NotPermitted: if the actor disputes nothing.
    :raises OrderMissing: if it is not the actor's purchase.
    :raises InspectionOver: if it is too late.
    :raises OrderEventNotAllowed: if it is not being inspected.
    """
    order = await delivery.raise_issue(tx, actor=actor, now=now, order_id=order_id, reason=reason)
    async with beyond_own_rows(tx):
        known = await store.find_of_dispute(tx, order_id)
    if known is None:
        await filing.open_with_dispute(
            tx, actor=actor, now=now, calendar=calendar, order=order, reason=reason
        )
    return order


async def resolve(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    order_id: uuid.UUID,
    ruling: Ruling,
    reason: str,
    refund_fen: int | None = None,
) -> Order:
    """Resolve a dispute for one of the two; its complaint takes the steps that it lacks and is decided.

    :raises NotPermitted: if the actor resolves nothing.
    :raises OrderMissing: if there is no such order.
    :raises OrderEventNotAllowed: if nothing is disputed.
    :raises RulingRefundUnclear: if it is ruled in part and not said how much goes back.
    :raises HandlerIsParty: if the actor's party is one of the two.
    :raises ComplaintHeldByAnother: if a colleague investigates the complaint.
    :raises NotHeard: if the supplier has said nothing to it, and still may.
    """
    actor.require("dispute:resolve")
    async with beyond_own_rows(tx):
        complaint = await store.find_of_dispute(tx, order_id)
    if complaint is None:
        return await delivery.resolve(
            tx,
            actor=actor,
            now=now,
            order_id=order_id,
            ruling=ruling,
            reason=reason,
            refund_fen=refund_fen,
        )
    handling.check_neutral(complaint, actor.party)
    if complaint.state is State.RECEIVED:
        complaint = await triage.triage(
            tx,
            actor=actor,
            now=now,
            calendar=calendar,
            complaint_id=complaint.id,
            decision=Decision.ACCEPT,
            reason="",
            dimension=Dimension.ACCURACY,
        )
    if complaint.state is State.ACCEPTED:
        complaint = await investigating.investigate(
            tx, actor=actor, now=now, complaint_id=complaint.id
        )
    await deciding.resolve(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        complaint_id=complaint.id,
        resolution=Resolution(outcome=_OUTCOMES[ruling], findings=reason),
        ruling=ruling,
        refund_fen=refund_fen,
    )
    return await get_order(tx, viewer=actor, order_id=order_id)
