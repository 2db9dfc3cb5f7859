"""Let charge-backs be lost that nobody contested in time, one in a transaction (逾期未申诉)."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from catalog.kernel.errors import DomainError
from market.orders.operations import charged_back
from settlement.chargebacks import queries

BATCH: Final = 100
_ACTOR: Final = system("chargebacks_due", "chargeback:lapse", "chargeback:read")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """End what lapsed and return how many charge-backs these were."""
    async with begin(db, _ACTOR) as tx:
        due = await queries.list_lapsing(tx, now=now, limit=BATCH)
    lapsed = 0
    for chargeback_id in due:
        once = functools.partial(
            charged_back.lapse, actor=_ACTOR, now=now, chargeback_id=chargeback_id
        )
        try:
            await database.run(db, _ACTOR, once)
        except DomainError as refused:  # the channel ended it meanwhile
            _log.warning("chargeback_not_ended", id=str(chargeback_id), code=refused.code)
        else:
            lapsed += 1
    return lapsed
