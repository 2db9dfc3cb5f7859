"""Decide which product an information item comes from, where several claim it (一数一源)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.products.items import claimed, key_of
from catalog.products.metadata import check_reason
from catalog.products.operations.remembering import subject
from catalog.products.queries import ProductMissing
from catalog.products.states import State
from catalog.products.store import products, provenance


class ItemNotClaimed(Refused):
    """The product does not say that it is the source of this item."""

    code = "item_not_claimed"


async def settle_item(
    tx: Tx, *, actor: Actor, now: dt.datetime, item: str, product_id: uuid.UUID, reason: str
) -> None:
    """Name the one product that an item comes from (GD-01(b)). The others may not claim it any more.

    :raises NotPermitted: if the actor settles no such conflicts.
    :raises ProductReasonMissing: if nothing is said for it.
    :raises ProductMissing: if there is no such product.
    :raises ItemNotClaimed: if it does not claim the item.
    """
    actor.require("item_conflict:settle")
    check_reason(reason)
    product = await products.lock(tx, product_id)
    if product is None or product.description is None:
        raise ProductMissing
    key = key_of(item)
    claims = claimed(product.description)
    if product.state is not State.DESCRIBED or key not in claims:
        raise ItemNotClaimed(item=item, product=product.name)
    await provenance.settle_item(
        tx,
        key=key,
        name=claims[key],
        product_id=product.id,
        by=actor.name,
        reason=reason,
        now=now,
    )
    await audit_log.append(
        tx,
        Event.ITEM_SOURCE_SETTLED,
        actor=actor,
        now=now,
        subjects=[subject(product)],
        facts={"item": claims[key]},
        reason=reason,
        rules=("GD-01",),
    )
