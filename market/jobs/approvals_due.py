"""Note of each approval whose step is over that it is (内部审批逾期): one transaction each."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from market.approvals import operations, queries

BATCH: Final = 100
_ACTOR: Final = system("approvals_due", "approval:expire")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Note what is over and return how many approvals; they counted no more already."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_due(tx, now=now, limit=BATCH)
    over = 0
    for approval_id in due:
        once = functools.partial(_expire, now=now, approval_id=approval_id)
        over += await database.run(db, _ACTOR, once, must_remember=False)
    return over


async def _expire(tx: Tx, *, now: dt.datetime, approval_id: uuid.UUID) -> bool:
    expired = await operations.expire(tx, actor=_ACTOR, now=now, approval_id=approval_id)
    return expired is not None
