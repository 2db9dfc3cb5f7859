"""Read refunds: of one's own orders, or all for the houses (退款)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from settlement.refunds import bank_file, store
from settlement.refunds.model import Refund, RefundBatch


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    order_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Refund]:
    """Return a page of refunds that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no money of orders.
    """
    viewer.require("order_ledger:read")
    query = paging.fingerprint("refunds", str(viewer.party_id), str(order_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR order_id = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        order_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.refund_of(row) for row in rows], limit)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[Refund]:
    """Return refunds that their channel is to be told or asked of by now, the oldest first."""
    rows = await tx.fetch(
        store.SELECT + " WHERE state <> 'settled' AND send_at <= $1 ORDER BY send_at, id LIMIT $2",
        now,
        limit,
    )
    return [store.refund_of(row) for row in rows]


async def list_batches(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[RefundBatch]:
    """Return a page of the batches that went to a bank, the newest first.

    :raises NotPermitted: if the viewer transfers no refunds.
    """
    viewer.require("refund:transfer")
    query = paging.fingerprint("refund_batches")
    rows = await tx.fetch(
        store.SELECT_BATCH + " WHERE ($1::uuid IS NULL OR b.id < $1) ORDER BY b.id DESC LIMIT $2",
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.batch_of(row) for row in rows], limit)


async def get_batch(
    tx: Tx, *, viewer: Actor, batch_id: uuid.UUID
) -> tuple[RefundBatch, list[Refund]]:
    """Return a batch and its refunds, in the order of its file.

    :raises NotPermitted: if the viewer transfers no refunds.
    :raises Missing: if there is no such batch.
    """
    viewer.require("refund:transfer")
    batch = await store.find_batch(tx, batch_id)
    if batch is None:
        raise Missing
    return batch, await store.list_lines(tx, batch_id)


async def get_file(tx: Tx, *, viewer: Actor, batch_id: uuid.UUID) -> tuple[RefundBatch, bytes]:
    """Return a batch and its file for the bank, the same bytes whenever it is asked for.

    :raises NotPermitted: if the viewer transfers no refunds.
    :raises Missing: if there is no such batch.
    """
    viewer.require("refund:transfer")
    batch = await store.find_batch(tx, batch_id)
    if batch is None:
        raise Missing
    return batch, bank_file.write_orders(batch_id, await store.list_lines(tx, batch_id))
