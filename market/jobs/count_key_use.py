"""Tell once a minute what this process signed with each key; give up on those that fell silent."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database
from catalog.key_use import operations as key_use
from catalog.key_use.counting import KeyUse

_ACTOR: Final = system("count_key_use")


async def run(db: Database, *, now: dt.datetime, use: KeyUse) -> int:
    """Return how many keys signed anything since it was last told, 0 before a minute is over."""
    if not use.is_due(now):
        return 0
    told = await tell(db, now=now, use=use)
    await database.run(
        db, _ACTOR, lambda tx: key_use.give_up_silent(tx, now=now), must_remember=False
    )
    return told


async def tell(db: Database, *, now: dt.datetime, use: KeyUse, is_last: bool = False) -> int:
    """Tell what this process signed, for the last time if it ends."""
    counts = await database.run(
        db,
        _ACTOR,
        lambda tx: key_use.tell(tx, use=use, now=now, is_last=is_last),
        must_remember=False,
    )
    use.settle(counts, now)
    return len(counts)
