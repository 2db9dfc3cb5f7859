"""Read deposits."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from settlement.deposits import store
from settlement.deposits.model import Deposit


class DepositMissing(Missing):
    """There is no such deposit, or none that this actor may know of."""


async def find(tx: Tx, deposit_id: uuid.UUID) -> Deposit | None:
    """Return a deposit, or None if there is none or row-level security hides it."""
    return await store.find(tx, deposit_id)


async def find_standing(tx: Tx, *, secures: uuid.UUID, payer: uuid.UUID) -> Deposit | None:
    """Return the deposit of a party for something that has not ended, or None."""
    return await store.find_standing(tx, secures=secures, payer=payer)


async def list_of(
    tx: Tx, *, secures: uuid.UUID, payer: uuid.UUID | None = None, limit: int = 1_000
) -> list[Deposit]:
    """Return the deposits for something that the actor may see, of one party if named, the oldest first."""
    return await store.list_of(tx, secures=secures, payer=payer, limit=limit)


async def list_unpaid(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the deposits that nobody paid in time, the one whose time ended first first."""
    return await store.list_unpaid(tx, now=now, limit=limit)


async def list_secured(tx: Tx, *, limit: int, after: uuid.UUID | None = None) -> list[uuid.UUID]:
    """Return for what deposits are held, in the order of its ids."""
    return await store.list_secured(tx, limit=limit, after=after)
