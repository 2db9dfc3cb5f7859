"""Watch for what the house itself can see (登记监控, HN-22(a)).

Many readings that were denied, and uses after a person had withdrawn its consent.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from catalog.timers import queries as timers
from market.incidents.model import LawField, Source
from market.incidents.operations import detection
from market.incidents.reporting import DENIED_READINGS, DENIED_WITHIN, WITHDRAWN_USE_WITHIN
from market.orders import queries as orders

BATCH: Final = 100
_ACTOR: Final = system("watch", "incident:detect")


class _Seen(msgspec.Struct, frozen=True):
    """What was seen: recorded once for each key."""

    source: Source
    key: str
    description: str
    subject: str
    entries: Sequence[uuid.UUID]


async def run(db: Database, *, now: dt.datetime) -> int:
    """Record an incident for each thing that was seen, once a day; return how many there are."""
    async with begin(db, _ACTOR) as tx:
        seen = [*await _denied_readings(tx, now), *await _used_after_withdrawal(tx, now)]
    found = 0
    for each in seen:
        once = functools.partial(_detect, now=now, seen=each)
        found += await database.run(db, _ACTOR, once, must_remember=False)
    return found


async def _denied_readings(tx: Tx, now: dt.datetime) -> list[_Seen]:
    often = await log.list_frequent_actors(
        tx, event=Event.MATERIAL_DENIED, since=now - DENIED_WITHIN, at_least=DENIED_READINGS
    )
    return [
        _Seen(
            Source.DENIED_READINGS,
            f"denied_readings:{account}:{local_date(now)}",
            f"账户 {account} 一小时内 {times} 次查阅无权知悉的材料，均被拒绝",
            f"account:{account}",
            entries,
        )
        for account, entries, times in often
    ]


async def _used_after_withdrawal(tx: Tx, now: dt.datetime) -> list[_Seen]:
    """Return what was asked for, or even handed out, after a withdrawal (RULES §9)."""
    used = await orders.list_used_after_withdrawal(
        tx, since=now - WITHDRAWN_USE_WITHIN, limit=BATCH
    )
    return [
        _Seen(
            Source.CONSENT_WITHDRAWN_USE,
            # Handed out is another matter than asked for: the one does not hide the other.
            f"consent_withdrawn_use:{each.order_id}:{local_date(now)}:{bool(each.handed_out)}",
            f"个人授权撤回或者缩小后，订单 {each.order_id} 仍请求使用："
            f"{each.refused} 次被拒绝，{each.handed_out} 次已交付",
            f"order:{each.order_id}",
            each.entry_ids,
        )
        for each in used
    ]


async def _detect(tx: Tx, *, now: dt.datetime, seen: _Seen) -> bool:
    incident = await detection.detect_by_itself(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        source=seen.source,
        key=seen.key,
        law_field=LawField.DATA_SECURITY,
        description=seen.description,
        subjects=[seen.subject],
        entries=seen.entries,
    )
    return incident is not None
