"""Lay down the ceiling of a product (上限收费标准), as the price authority decided it."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from market.pricing import ceilings, store
from market.pricing.model import Ceiling, CeilingReference
from market.pricing.operations.turning import hold_under


async def lay_down(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    product_id: uuid.UUID,
    decided: CeilingReference,
) -> Ceiling:
    """Lay down a ceiling; what is above it is stopped on its first day, at once if that has come.

    :raises NotPermitted: if the actor lays down no ceilings.
    :raises ProductMissing: if there is no such product.
    :raises GuidedPriceReferenceMissing: if the document has no number.
    :raises CeilingPeriodInvalid: if it ends before it begins.
    """
    actor.require("ceiling:lay_down")
    if await products.find(tx, product_id=product_id) is None:
        raise ProductMissing
    ceilings.check_decided(decided)
    await store.take_turns(tx, product_id)
    begins = decided.valid_from <= local_date(now)
    ceiling = Ceiling(
        id=new_id(),
        product_id=product_id,
        laid_down_at=now,
        applied_at=now if begins else None,
        **msgspec.structs.asdict(decided),
    )
    await store.insert_ceiling(tx, ceiling)
    await audit_log.append(
        tx,
        Happened.CEILING_LAID_DOWN,
        actor=actor,
        now=now,
        subjects=[Subject("ceiling", str(ceiling.id)), Subject("product", str(product_id))],
        facts=decided,
        rules=("GD-07",),
    )
    if begins:
        await hold_under(tx, actor=actor, now=now, calendar=calendar, product_id=product_id)
    return ceiling
