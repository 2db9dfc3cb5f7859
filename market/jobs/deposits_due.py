"""Let unpaid deposits lapse, give back and forfeit those whose auction has ended (保证金到期处理)."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from market.auctions.operations import deposits as auction_deposits
from settlement.deposits import operations, queries

BATCH: Final = 200
_ACTOR: Final = system("deposits_due", "deposit:end")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """End what is due, one transaction each, and return how many deposits ended."""
    async with begin(db, _ACTOR) as tx:
        unpaid = await queries.list_unpaid(tx, now=now, limit=BATCH)
    ended = 0
    for deposit_id in unpaid:
        once = functools.partial(_lapse, now=now, deposit_id=deposit_id)
        ended += await _once(db, once)
    last: uuid.UUID | None = None
    while True:
        async with begin(db, _ACTOR) as tx:
            secured = await queries.list_secured(tx, limit=BATCH, after=last)
        for auction_id in secured:
            once = functools.partial(_settle, now=now, auction_id=auction_id)
            ended += await _once(db, once)
        if len(secured) < BATCH:
            return ended
        last = secured[-1]


async def _once(db: Database, once: Callable[[Tx], Awaitable[int]]) -> int:
    try:
        return await database.run(db, _ACTOR, once, must_remember=False)
    except DomainError as refused:  # it was paid, or taken back, meanwhile
        _log.warning("deposit_not_ended", code=refused.code)
        return 0


async def _lapse(tx: Tx, *, now: dt.datetime, deposit_id: uuid.UUID) -> int:
    await operations.lapse(tx, actor=_ACTOR, now=now, deposit_id=deposit_id)
    return 1


async def _settle(tx: Tx, *, now: dt.datetime, auction_id: uuid.UUID) -> int:
    return await auction_deposits.settle(tx, actor=_ACTOR, now=now, auction_id=auction_id)
