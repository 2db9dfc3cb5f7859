"""Charge what was used and is due (按量计费), and suspend who did not pay in time (欠费停用)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.kernel.periods import Period
from market.orders import queries as orders
from market.orders.operations import charging
from settlement.charging import arrears, windows
from settlement.charging import queries as accounts

BATCH: Final = 100
_ACTOR: Final = system("charge_usage", "usage:charge", "escrow:release")
_log = structlog.get_logger("jobs")


async def run(
    db: Database,
    *,
    now: dt.datetime,
    within: Period = arrears.PAID_WITHIN,
    open_for: dt.timedelta = windows.OPEN_FOR,
) -> int:
    """Do what is due, a window in a transaction; return how many windows, ends and stops there were.

    Two runs at once are harmless: the second finds each window charged. One that is refused stays for
    the next run and does not stop the others.
    """
    async with begin(db, _ACTOR) as tx:
        due = await orders.list_chargeable(tx, now=now, limit=BATCH, open_for=open_for)

    async def charge(tx: Tx, order_id: uuid.UUID) -> object:
        return await charging.charge_next(
            tx, actor=_ACTOR, now=now, order_id=order_id, within=within, open_for=open_for
        )

    async def suspend(tx: Tx, order_id: uuid.UUID) -> object:
        return await charging.suspend(tx, actor=_ACTOR, now=now, order_id=order_id)

    done = 0
    while due:
        # An order with several windows, or that is over, comes again until nothing of it is due.
        due = await _each(db, due, charge)
        done += len(due)
    async with begin(db, _ACTOR) as tx:
        overdue = await accounts.list_overdue(tx, now=now, limit=BATCH)
    return done + len(await _each(db, overdue, suspend))


async def _each(
    db: Database, ids: Sequence[uuid.UUID], do: Callable[[Tx, uuid.UUID], Awaitable[object]]
) -> list[uuid.UUID]:
    """Return those of which something was done."""
    done = []
    for each in ids:

        async def once(tx: Tx, each: uuid.UUID = each) -> object:
            return await do(tx, each)

        try:
            if await database.run(db, _ACTOR, once, must_remember=False) is not None:
                done.append(each)
        except DomainError as refused:
            _log.warning("charge_refused", order_id=str(each), code=refused.code)
    return done
