"""Give the refusals that were counted their entries, minute by minute (拒绝留痕)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.denials import operations as denials
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database

_ACTOR: Final = system("close_denials")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Close every minute that is over; return how many counts were closed."""
    total = 0
    while True:
        count = await database.run(
            db, _ACTOR, lambda tx: denials.close(tx, now=now), must_remember=False
        )
        total += count
        if count < denials.BATCH:
            return total
