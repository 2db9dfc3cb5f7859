"""Let holds whose time is over run out, one in a transaction (到期解冻).

A retention has its own end: what becomes free there goes to whom it was kept from.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from catalog.kernel.errors import DomainError
from settlement.holds import operations, queries
from settlement.holds.model import Reason

BATCH: Final = 200
_ACTOR: Final = system("holds_due", "hold:expire")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Free what is held no longer and return how many holds ran out. Two runs at once free it once."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_run_out(tx, now=now, reason=Reason.DEPOSIT, limit=BATCH)
    freed = 0
    for key in due:
        once = functools.partial(operations.expire, actor=_ACTOR, now=now, key=key)
        try:
            await database.run(db, _ACTOR, once)
        except DomainError as refused:  # somebody captured or released it meanwhile
            _log.warning("hold_not_ended", key=str(key), code=refused.code)
        else:
            freed += 1
    return freed
