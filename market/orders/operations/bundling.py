"""Place several orders at once, of several suppliers, or none of them (组合订单)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, DomainError, Invalid
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from market.orders.model import Bundle, BundleFile, BundleId
from market.orders.operations import placing
from market.orders.operations.placing import PlacedOrder
from market.orders.store import bundles
from market.orders.store import orders as kept
from settlement.revenue import retaining


class BundleDoubled(Invalid):
    """The same product is in it twice: order more of it instead."""

    code = "bundle_product_doubled"


class BundleTotalDiffers(Conflict):
    """The filed prices come to another total than the buyer expected."""

    code = "bundle_total_differs"


async def place(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    wanted: Sequence[PlacedOrder],
    expected_total_fen: int | None = None,
    retention_most_bps: int = retaining.MOST_BPS,
) -> BundleFile:
    """Place one order for each product of a bundle, all of them or none (组合下单).

    Each has its own supplier, contract, delivery and end; what is paid is the sum of what they cost.
    What is refused names the place of the item that is refused.

    :raises NotPermitted: if the actor buys nothing.
    :raises BundleDoubled: if a product is in it twice.
    :raises BundleTotalDiffers: if the buyer expected another total.
    :raises DomainError: if one of the orders is refused, as ``placing.place`` does.
    """
    actor.require("order:place")
    if len({each.product_id for each in wanted}) < len(wanted):
        raise BundleDoubled
    bundle_id = BundleId(new_id())
    number = f"ZH-{local_date(now).year}-{await kept.next_number(tx):08d}"
    orders = []
    for item, each in enumerate(wanted):
        try:
            orders.append(
                await placing.place(
                    tx,
                    actor=actor,
                    now=now,
                    wanted=each,
                    bundle_id=bundle_id,
                    retention_most_bps=retention_most_bps,
                )
            )
        except DomainError as refused:
            refused.facts["item"] = item
            raise
    total = sum(order.amount_fen for order in orders)
    if expected_total_fen is not None and expected_total_fen != total:
        raise BundleTotalDiffers(total_fen=total, expected_fen=expected_total_fen)
    bundle = Bundle(
        id=bundle_id, number=number, buyer_party_id=actor.party, total_fen=total, placed_at=now
    )
    await bundles.insert(tx, bundle)
    await _remember(tx, bundle, [order.id for order in orders], actor=actor, now=now)
    return BundleFile(bundle=bundle, orders=orders)


async def _remember(
    tx: Tx, bundle: Bundle, orders: Sequence[uuid.UUID], *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        Happened.BUNDLE_PLACED,
        actor=actor,
        now=now,
        subjects=[Subject("bundle", str(bundle.id))],
        facts={"number": bundle.number, "total_fen": bundle.total_fen, "orders": list(orders)},
        rules=("BJ-17",),
    )
