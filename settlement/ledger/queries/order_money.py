"""Read the money of one order: what came and went of it, and the entries that say so."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from catalog.kernel.db import Tx
from settlement.ledger.queries.entries import ENTRY, PostedEntry, entry_of


class OrderSums(msgspec.Struct, frozen=True, kw_only=True):
    """What came and went of one order, in fen."""

    paid_fen: int = 0
    released_fen: int = 0
    refunded_fen: int = 0
    charged_back_fen: int = 0


class OrderLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The money of one order: what came, what went, and every entry that says so."""

    order_id: uuid.UUID
    paid_fen: int
    released_fen: int
    refunded_fen: int
    disputed_fen: int
    charged_back_fen: int
    entries: tuple[PostedEntry, ...]


ORDER_MONEY: Final = (
    "SELECT order_id, paid, released, refunded, disputed, charged_back FROM settlement.order_money"
)


async def get_order_ledger(tx: Tx, order_id: uuid.UUID) -> OrderLedger:
    """Return the money of one order; all zero, and no entries, before anything was paid."""
    money = await tx.fetch_one(f"{ORDER_MONEY} WHERE order_id = $1", order_id)
    # An order has a handful of entries. The limit is a stop, not a page.
    rows = await tx.fetch(f"{ENTRY} WHERE j.order_id = $1 ORDER BY j.key LIMIT 1000", order_id)
    return OrderLedger(
        order_id=order_id,
        paid_fen=money["paid"] if money else 0,
        released_fen=money["released"] if money else 0,
        refunded_fen=money["refunded"] if money else 0,
        disputed_fen=money["disputed"] if money else 0,
        charged_back_fen=money["charged_back"] if money else 0,
        entries=tuple(entry_of(row) for row in rows),
    )


async def get_order_sums(tx: Tx, order_id: uuid.UUID) -> OrderSums:
    """Return what came and went of an order, without its entries; all zero before it was paid."""
    money = await tx.fetch_one(f"{ORDER_MONEY} WHERE order_id = $1", order_id)
    if money is None:
        return OrderSums()
    return OrderSums(
        paid_fen=money["paid"],
        released_fen=money["released"],
        refunded_fen=money["refunded"],
        charged_back_fen=money["charged_back"],
    )
