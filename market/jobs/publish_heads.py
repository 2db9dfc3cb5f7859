"""Publish the heads of all subjects once in a while (主体头). Safe with several workers."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.subject_heads import operations, queries

_ACTOR: Final = system("publish_heads", "heads:publish")


async def run(db: Database, *, now: dt.datetime, every: dt.timedelta) -> int:
    """Publish if the last time was so long ago; return 1 if there was something new to publish."""
    async with begin(db, _ACTOR) as tx:
        last_at = await queries.last_published_at(tx)
    if last_at is not None and now < last_at + every:
        return 0

    async def publish(tx: Tx) -> bool:
        return await operations.publish(tx, actor=_ACTOR, now=now) is not None

    return int(await database.run(db, _ACTOR, publish, must_remember=False))
