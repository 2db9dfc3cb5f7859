"""Random sequences of the market's money come to what an independent serial model comes to.

Ten thousand of them are a campaign (``tests/campaigns/test_money_model.py``).
"""

from __future__ import annotations

import random
from typing import Any

import asyncpg

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, begin
from settlement.ledger.queries import checking as books
from tests.money_model import Sequences


async def test_sixty_sequences_in_three_months_come_to_what_the_law_says(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    market = Sequences(db, almighty)
    owner = await asyncpg.connect(server.dsn(database_name))
    await market.open(owner)
    await owner.close()

    for month in range(3):
        for number in range(20):
            await market.sequence(random.Random(f"{month}/{number}"))
        await market.close_month(random.Random(month))

    assert market.sequences == 60
    assert market.refused > 50
    assert len(market.model.closed) == 3
    async with begin(db, almighty, snapshot=True) as tx:
        assert await books.find_breaches(tx) == []
