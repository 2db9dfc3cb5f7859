"""Stop every use of a product, an agreement, a zone, a grant or by a party at once (切断, BJ-28)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from market.contracts import queries as agreements
from market.cut_offs import operations as cut_offs
from market.cut_offs.model import CutOff, Level
from market.identity import queries as identity
from market.orders import queries
from market.zones import queries as zones
from market.zones.model import ZoneId


class SubjectMissing(Missing):
    """There is nothing of that kind with this id, or nothing that this actor may stop."""


async def cut_off(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    level: Level,
    subject_id: uuid.UUID,
    reason: str,
) -> list[CutOff]:
    """Stop every use of a thing from the commit on; of a zone, of each product in it.

    Who bought is told afterwards, so that the stop waits for nobody. The operator and the authority
    stop anything; a supplier its own product, agreement or grant.

    :raises NotPermitted: if the actor cuts nothing off.
    :raises SubjectMissing: if there is no such thing, or it is not the supplier's own.
    :raises CutOffStands: if it, or a product of the zone, is stopped already.
    """
    actor.require("order:cut_off")
    await _check_reach(tx, actor, level, subject_id)
    stops = [(level, subject_id)]
    if level is Level.ZONE:
        products_there = await zones.list_product_ids(tx, zone_id=ZoneId(subject_id))
        stops = [(Level.PRODUCT, each) for each in products_there]
    return [
        await cut_offs.order(
            tx,
            actor=actor,
            now=now,
            level=stopped,
            subject_id=each,
            reason=reason,
            orders_reached=await queries.count_reached(tx, level=stopped, subject_id=each),
            zone_id=subject_id if level is Level.ZONE else None,
        )
        for stopped, each in stops
    ]


async def tell(tx: Tx, *, actor: Actor, now: dt.datetime, cut_off_id: uuid.UUID) -> int:
    """Tell each buyer whose order a cut-off stopped (告知需方); return how many orders.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("order:turn")
    found = await cut_offs.take_untold(tx, actor=actor, now=now, cut_off_id=cut_off_id)
    if found is None:
        return 0
    reached = await queries.list_reached(tx, level=found.level, subject_id=found.subject_id)
    for order in reached:
        await notifications.send(
            tx,
            now=now,
            to=order.buyer_party_id,
            topic=Topic.PURCHASE_CUT_OFF,
            subject=Subject("order", str(order.id)),
            facts={
                "order_number": order.number,
                "product_name": order.product_name,
                "reason": found.reason,
            },
        )
    return len(reached)


async def _check_reach(tx: Tx, actor: Actor, level: Level, subject_id: uuid.UUID) -> None:
    is_own = not actor.sees_all
    if level is Level.PRODUCT:
        product = await products.find(tx, product_id=subject_id)
        if product is None or (is_own and product.supplier_party_id != actor.party):
            raise SubjectMissing
    elif level is Level.AGREEMENT and (
        agreed := await agreements.find(tx, agreement_id=subject_id)
    ):
        # It was negotiated, and may have no order yet.
        if is_own and agreed.supplier_party_id != actor.party:
            raise SubjectMissing
    elif level in (Level.AGREEMENT, Level.GRANT):
        order = await queries.find_granted(tx, level=level, subject_id=subject_id)
        if order is None or (is_own and order.supplier_party_id != actor.party):
            raise SubjectMissing
    elif is_own:
        raise SubjectMissing
    elif level is Level.PARTY:
        await identity.get_party(tx, subject_id)
    else:
        await zones.get(tx, named=str(subject_id))
