"""Ten thousand random sequences through lanes come to what an independent serial model comes to.

``CAMPAIGN_CYCLES`` (10,000) is how many, ``CAMPAIGN_SEED`` chooses others.
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import Final

import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database
from settlement.lanes.operations.writing import Lane
from tests.lanes_model import NOON, SerialModel
from tests.store.test_settlement_lanes import compare, walk

CYCLES: Final = int(os.environ.get("CAMPAIGN_CYCLES", "10000"))
SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "20261129"))
# So many walk at once in one lane, each with orders of its own: its batches hold what several sent.
AT_ONCE: Final = 8

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(0)]


async def test_ten_thousand_sequences_come_to_what_one_after_the_other_comes_to(
    db: Database, almighty: Actor
) -> None:
    model, numbers, began = SerialModel(), iter(range(CYCLES)), monotonic()

    async def keep_walking(lane: Lane) -> None:
        for number in numbers:
            await walk(lane, model, random.Random(f"{SEED}/{number}"))
            if number % 1000 == 999:
                print(f"{number + 1:>6} sequences, {monotonic() - began:.0f} s", flush=True)

    async with Lane(db, 0, actor=almighty, now=lambda: NOON) as lane:
        await asyncio.gather(*(keep_walking(lane) for _ in range(AT_ONCE)))

    await compare(db, almighty, model)
    print(
        f"seed {SEED}: {CYCLES} sequences, {len(model.posted)} entries, {lane.batches} transactions"
    )
