"""Ten thousand random sequences of the market's money come to what an independent serial model comes to.

Every month of a hundred sequences is closed. ``CAMPAIGN_CYCLES`` (10,000) is how many sequences,
``CAMPAIGN_SEED`` chooses others.
"""

from __future__ import annotations

import os
import random
from typing import Any, Final

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, begin
from settlement.ledger.queries import checking as books
from tests.money_model import SEQUENCES_A_MONTH, Sequences

CYCLES: Final = int(os.environ.get("CAMPAIGN_CYCLES", "10000"))
SEED: Final = os.environ.get("CAMPAIGN_SEED", "20261129")

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(0)]


async def test_ten_thousand_sequences_come_to_what_the_law_says(
    db: Database, almighty: Actor, server: Any, database_name: str
) -> None:
    market, began = Sequences(db, almighty), monotonic()
    owner = await asyncpg.connect(server.dsn(database_name))
    await market.open(owner)

    for number in range(CYCLES):
        rng = random.Random(f"{SEED}/{number}")
        try:
            await market.sequence(rng)
            if number % SEQUENCES_A_MONTH == SEQUENCES_A_MONTH - 1 or number == CYCLES - 1:
                await market.close_month(rng)
                # The planner has to know what a new database grew to.
                await owner.execute("ANALYZE")
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, sequence {number}: {error}") from error
        if number % 500 == 499:
            seconds = monotonic() - began
            print(
                f"{number + 1:>6} sequences, {market.commands} commands, {seconds:.0f} s",
                flush=True,
            )
    await owner.close()

    async with begin(db, almighty, snapshot=True) as tx:
        assert await books.find_breaches(tx) == []
    entries = sum(market.model.entries.values())
    print(
        f"seed {SEED}: {market.sequences} sequences, {market.commands} commands, {market.refused} refused,"
        f" {entries} entries, {len(market.model.closed)} months closed in {monotonic() - began:.0f} s"
    )
    assert market.sequences == CYCLES
