"""Watch for what the house itself can see (登记监控, HN-22(a)): many readings that were denied."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from catalog.timers import queries as timers
from market.incidents.model import LawField, Source
from market.incidents.operations import detection
from market.incidents.reporting import DENIED_READINGS, DENIED_WITHIN

_ACTOR: Final = system("watch", "incident:detect")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Record an incident per account and day that asked too often; return how many there are."""
    async with begin(db, _ACTOR) as tx:
        often = await log.list_frequent_actors(
            tx, event=Event.MATERIAL_DENIED, since=now - DENIED_WITHIN, at_least=DENIED_READINGS
        )
    found = 0
    for account_id, entries, times in often:

        async def detect(
            tx: Tx,
            account: str = str(account_id),
            entries: list[uuid.UUID] = entries,
            times: int = times,
        ) -> bool:
            incident = await detection.detect_by_itself(
                tx,
                actor=_ACTOR,
                now=now,
                calendar=await timers.get_calendar(tx),
                source=Source.DENIED_READINGS,
                key=f"denied_readings:{account}:{local_date(now)}",
                law_field=LawField.DATA_SECURITY,
                description=f"账户 {account} 一小时内 {times} 次查阅无权知悉的材料，均被拒绝",
                subjects=[f"account:{account}"],
                entries=entries,
            )
            return incident is not None

        found += await database.run(db, _ACTOR, detect, must_remember=False)
    return found
