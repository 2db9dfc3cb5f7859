"""Trace a product (穿透式监管): its whole line, with its proofs."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.products import queries as products
from market.supervision import queries
from market.supervision.operations import casework
from market.supervision.trace import FORMAT as TRACE_FORMAT
from market.supervision.trace import Trace, in_stages

TRACE_LIMIT: Final = 20_000


async def trace(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, limit: int = TRACE_LIMIT
) -> Trace:
    """Return the whole line of a product with its proofs, and remember that it was read (A49).

    1. The product is known.
    2. From its entries the line is followed to its cases, orders, uses and money.
    3. The reports that count any of it are added.
    4. Every entry gets its proof under the newest checkpoint, every bound record its bytes.

    :raises NotPermitted: if the actor may not trace.
    :raises Missing: if there is no such product.
    :raises LogEmpty: if no checkpoint is signed yet.
    """
    actor.require("trace:read")
    product = await products.find(tx, product_id=product_id)
    if product is None:
        raise Missing
    subject = Subject("product", str(product_id))
    line, is_complete = await queries.follow(tx, actor, subject, limit=limit)
    line += await queries.list_reports_of(tx, actor, line, limit=limit)
    published = await log.get_checkpoint(tx)
    placed = [entry.index for entry in line if entry.index is not None]
    proofs = await log.prove_inclusions(
        tx, [index for index in placed if index < published.size], published.size
    )
    traced = Trace(
        format=TRACE_FORMAT,
        product_id=product_id,
        product_name=product.name,
        traced_at=now,
        checkpoint=casework.signed(published.size, published.root, published.note),
        stages=in_stages(line, proofs),
        records=tuple(await queries.list_records(tx, actor, line)),
        waiting_count=len(line) - len(proofs),
        is_complete=is_complete,
    )
    await audit_log.append(
        tx,
        Event.TRACE_READ,
        actor=actor,
        now=now,
        # Not about the product: reading a line does not become a part of it.
        subjects=[],
        facts={"product_id": str(product_id), "entries": len(line), "log_size": published.size},
        rules=("HN-05", "SIX-4"),
    )
    return traced
