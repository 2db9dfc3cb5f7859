"""Give the downloads of open data that were counted their entries, minute by minute."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database
from market.open_data import operations

_ACTOR: Final = system("tell_downloads", "open_data:tell")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Tell every minute that is over; return how many counts were told."""
    total = 0
    while True:
        count = await database.run(
            db,
            _ACTOR,
            lambda tx: operations.tell_downloads(tx, actor=_ACTOR, now=now),
            must_remember=False,
        )
        total += count
        if count < operations.BATCH:
            return total
