"""Make spendable what arrived on accounts whose credits wait, and make the journal's months (入账汇总)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx
from settlement.ledger import operations as ledger

_ACTOR: Final = system("roll_up_ledger")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Return how many entries were added up."""

    async def roll_up(tx: Tx) -> int:
        await ledger.make_months(tx)
        return await ledger.roll_up(tx, now=now)

    return await database.run(db, _ACTOR, roll_up, must_remember=False)
