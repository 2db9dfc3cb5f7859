"""Explain where an amount comes from (这笔钱怎么来的); read what replays came to (全账重放)."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.finance_reports import store
from market.finance_reports.model import ReplayRun
from market.orders import queries as orders
from market.orders.queries import ContractMissing, OrderMissing
from settlement.invoices import queries as invoices
from settlement.invoices.model import For
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.queries.entries import EntryMissing
from settlement.ledger_reports import explaining
from settlement.ledger_reports.explaining import ExplainedEntry, Explanation, Of, Source
from settlement.ledger_reports.queries import explaining as entries
from settlement.payouts import queries as payouts
from settlement.revenue.agreement import FrozenSplit


async def explain(tx: Tx, *, viewer: Actor, of: Of, identifier: uuid.UUID) -> Explanation:
    """Return where the money of an entry, an order, a payout or an invoice comes from, fen by fen.

    Both sides of an order and the houses see all of its entries; whoever else had a share in one
    sees its own legs of it.

    :raises NotPermitted: if the viewer reads no accounts, payouts or invoices.
    :raises Missing: if there is no such thing, or none that the viewer may read.
    """
    viewer.require("account_statement:read")
    if of is Of.ORDER:
        return await _of_order(tx, viewer, identifier)
    if of is Of.PAYOUT:
        return await _of_payout(tx, viewer, identifier)
    if of is Of.INVOICE:
        return await _of_invoice(tx, viewer, identifier)
    told = await _explained(tx, viewer, identifier)
    if not told.legs:
        raise EntryMissing(key=str(identifier))
    return _made(Of.ENTRY, identifier, told.amount_fen, (told,))


async def _of_order(tx: Tx, viewer: Actor, order_id: uuid.UUID) -> Explanation:
    order = await orders.get_order(tx, viewer=viewer, order_id=order_id)
    split, _ = await _split(tx, viewer, order_id)
    listed = await entries.list_of_order(tx, order_id)
    told = await entries.explain_entries(tx, listed, split)
    return _made(Of.ORDER, order_id, order.amount_fen, told)


async def _of_payout(tx: Tx, viewer: Actor, payout_id: uuid.UUID) -> Explanation:
    payout = await payouts.get_payout(tx, viewer=viewer, payout_id=payout_id)
    moved = [key for key in (payout.payout_key, payout.ending_key) if key is not None]
    told = [await _explained(tx, viewer, key) for key in moved]
    sources: tuple[Source, ...] = ()
    if payout.payout_key is not None:
        of = Account(Purpose(payout.purpose), str(payout.party_id))
        sources = await entries.sources_of(tx, book=payout.book, of=of, key=payout.payout_key)
    return _made(Of.PAYOUT, payout_id, payout.amount_fen, tuple(told), sources)


async def _of_invoice(tx: Tx, viewer: Actor, invoice_id: uuid.UUID) -> Explanation:
    invoice = await invoices.get_invoice(tx, viewer=viewer, invoice_id=invoice_id)
    listed = await entries.list_of_order(tx, invoice.order_id)
    is_fee = invoice.wanted.of is For.PLATFORM_FEE
    sources = explaining.fee_sources(listed) if is_fee else explaining.paid_sources(listed)
    return _made(Of.INVOICE, invoice_id, invoice.wanted.amount_fen, (), sources)


async def _explained(tx: Tx, viewer: Actor, key: uuid.UUID) -> ExplainedEntry:
    entry = await entries.get_entry(tx, key)
    if entry.order_id is None:
        told, is_whole = await entries.explain_single(tx, entry), False
    else:
        split, is_whole = await _split(tx, viewer, entry.order_id)
        listed = await entries.list_of_order(tx, entry.order_id)
        explained = await entries.explain_entries(tx, listed, split)
        told = next(each for each in explained if each.key == key)
    if is_whole or viewer.sees_all:
        return told
    return explaining.cut(told, str(viewer.party))


async def _split(tx: Tx, viewer: Actor, order_id: uuid.UUID) -> tuple[FrozenSplit | None, bool]:
    """Return the split of an order, and whether the viewer is one of its sides or of a house."""
    try:
        return (await orders.get_contract(tx, viewer=viewer, order_id=order_id)).split, True
    except ContractMissing:
        return None, True
    except OrderMissing:
        return None, False


def _made(
    of: Of,
    identifier: uuid.UUID,
    amount_fen: int,
    told: tuple[ExplainedEntry, ...],
    sources: tuple[Source, ...] = (),
) -> Explanation:
    return Explanation(
        of=of,
        id=identifier,
        amount_fen=amount_fen,
        entries=told,
        sources=sources,
        is_as_posted=all(each.is_as_posted for each in told),
    )


class ReplayMissing(Missing):
    """There is no such run of the replay."""

    code = "not_found"


async def get_replay(tx: Tx, *, viewer: Actor, run_id: uuid.UUID) -> ReplayRun:
    """Return a run of the replay, and what it came to once it is finished.

    :raises NotPermitted: if the viewer has nothing replayed.
    :raises ReplayMissing: if there is none.
    """
    viewer.require("ledger:replay")
    row = await tx.fetch_one(f"{store.SELECT} WHERE id = $1", run_id)
    if row is None:
        raise ReplayMissing
    return store.run_of(row)


async def list_replays(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ReplayRun]:
    """Return a page of runs of the replay, the newest first.

    :raises NotPermitted: if the viewer has nothing replayed.
    """
    viewer.require("ledger:replay")
    query = paging.fingerprint("ledger-replays")
    rows = await tx.fetch(
        f"{store.SELECT} WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.run_of(row) for row in rows], limit)
