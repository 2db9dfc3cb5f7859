"""Read invoices: those that one's own party asked for or issues, all for the houses."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from settlement.invoices import store
from settlement.invoices.model import Invoice


class InvoiceMissing(Missing):
    """There is no such invoice, or none that this actor may know of."""


async def get_invoice(tx: Tx, *, viewer: Actor, invoice_id: uuid.UUID) -> Invoice:
    """Return an invoice to its two sides and the houses.

    :raises NotPermitted: if the viewer reads none.
    :raises InvoiceMissing: if there is none, or it is between others.
    """
    viewer.require("invoice:read")
    row = await tx.fetch_one(store.SELECT + " WHERE id = $1", invoice_id)
    found = None if row is None else store.invoice_of(row)
    if found is None or not _may_see(viewer, found):
        raise InvoiceMissing
    return found


async def list_invoices(
    tx: Tx,
    *,
    viewer: Actor,
    order_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Invoice]:
    """Return a page of invoices, newest first: of one's own party, or all; of one order if named.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("invoice:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("invoices", str(party), str(order_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR $1 IN (issuer_party_id, payer_party_id))
           AND ($2::uuid IS NULL OR order_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        party,
        order_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.invoice_of(row) for row in rows], limit)


def _may_see(viewer: Actor, invoice: Invoice) -> bool:
    sides = (invoice.issuer_party_id, invoice.payer_party_id)
    return viewer.sees_all or viewer.party in sides
