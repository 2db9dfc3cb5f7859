"""Read payout batches and lines: one's own lines, or all for the operator's finance and the regulator."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.kernel.sealed import Box
from settlement.beneficiaries import queries as beneficiaries
from settlement.beneficiaries.account_numbers import open_number
from settlement.payouts import store
from settlement.payouts.bank_file import Instruction, write_orders
from settlement.payouts.model import Batch, Payout


async def list_batches(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Batch]:
    """Return a page of batches, the newest first.

    :raises NotPermitted: if the viewer reads no batches.
    """
    viewer.require("payout_batch:read")
    query = paging.fingerprint("payout_batches")
    rows = await tx.fetch(
        store.SELECT_BATCH + " WHERE ($1::uuid IS NULL OR b.id < $1) ORDER BY b.id DESC LIMIT $2",
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.batch_of(row) for row in rows], limit)


async def get_batch(tx: Tx, *, viewer: Actor, batch_id: uuid.UUID) -> Batch:
    """Return one batch.

    :raises NotPermitted: if the viewer reads no batches.
    :raises Missing: if there is none.
    """
    viewer.require("payout_batch:read")
    found = await store.find_batch(tx, batch_id)
    if found is None:
        raise Missing
    return found


async def list_payouts(
    tx: Tx,
    *,
    viewer: Actor,
    batch_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Payout]:
    """Return a page of the payouts that the viewer may see: those to its own party, or all.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("payout:read")
    query = paging.fingerprint("payouts", str(viewer.party_id), str(batch_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR batch_id = $1) AND ($2::uuid IS NULL OR id > $2)
         ORDER BY id LIMIT $3""",
        batch_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.payout_of(row) for row in rows], limit)


async def get_payout(tx: Tx, *, viewer: Actor, payout_id: uuid.UUID) -> Payout:
    """Return one payout to its party and the house.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none that row-level security shows.
    """
    viewer.require("payout:read")
    row = await tx.fetch_one(store.SELECT + " WHERE id = $1", payout_id)
    if row is None:
        raise Missing
    return store.payout_of(row)


async def get_file(tx: Tx, *, viewer: Actor, batch_id: uuid.UUID, box: Box) -> bytes:
    """Return the file for the bank, with the whole account numbers, once it was made.

    :raises NotPermitted: if the viewer approves no payouts.
    :raises Missing: if there is no such batch, or its file was not made.
    """
    viewer.require("payout:approve")
    batch = await get_batch(tx, viewer=viewer, batch_id=batch_id)
    if batch.file_sha256 is None:
        raise Missing
    return await orders_of(tx, batch_id=batch_id, box=box)


async def orders_of(tx: Tx, *, batch_id: uuid.UUID, box: Box) -> bytes:
    """Return what a bank is told to pay of a batch: the lines that were sent, in their order."""
    rows = await tx.fetch(
        store.SELECT + " WHERE batch_id = $1 AND payout_key IS NOT NULL ORDER BY id", batch_id
    )
    lines = [store.payout_of(row) for row in rows]
    sealed = await beneficiaries.list_sealed(tx, [line.beneficiary_id for line in lines])
    return write_orders(batch_id, [_instruction(line, sealed, box) for line in lines])


def _instruction(line: Payout, sealed: beneficiaries.Sealed, box: Box) -> Instruction:
    to, number = sealed[line.beneficiary_id]
    return Instruction(
        reference=line.reference,
        holder_name=to.holder_name,
        account=open_number(box, number, beneficiary_id=to.id),
        bank_name=to.bank_name,
        bank_code=to.bank_code,
        amount_fen=line.amount_fen,
    )


async def list_to_send(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return approved lines that were not sent yet, for the job that sends them one by one."""
    rows = await tx.fetch(
        "SELECT id FROM settlement.payouts WHERE state = 'approved' ORDER BY id LIMIT $1", limit
    )
    return [row["id"] for row in rows]


async def list_silent(tx: Tx, *, before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return lines that were sent before an instant, and of which the bank said nothing."""
    rows = await tx.fetch(
        """SELECT id FROM settlement.payouts
            WHERE state = 'in_transit' AND sent_at < $1 ORDER BY id LIMIT $2""",
        before,
        limit,
    )
    return [row["id"] for row in rows]
