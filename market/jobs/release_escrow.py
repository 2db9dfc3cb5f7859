"""Release every escrow whose order is ready for it (到期放款), one order in a transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from market.orders import queries as orders
from settlement.escrow import operations as escrow

BATCH: Final = 100
_ACTOR: Final = system("release_escrow", "escrow:release")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Release what is due and return how many orders were released.

    Two runs at once are harmless: the second finds the escrow released. An order that is refused
    stays for the next run and does not stop the others.
    """
    async with begin(db, _ACTOR) as tx:
        due = await orders.list_releasable(tx, now=now, limit=BATCH)
    released = 0
    for order_id in due:
        try:
            released += await _release(db, order_id, now)
        except DomainError as refused:
            _log.warning("release_refused", order_id=str(order_id), code=refused.code)
    return released


async def _release(db: Database, order_id: uuid.UUID, now: dt.datetime) -> int:
    async def once(tx: Tx) -> int:
        terms = await orders.get_release_terms(tx, order_id=order_id)
        release = await escrow.release(
            tx, actor=_ACTOR, now=now, order_id=order_id, split=terms.split, facts=terms.facts
        )
        return 0 if release.is_replay else 1

    return await database.run(db, _ACTOR, once)
