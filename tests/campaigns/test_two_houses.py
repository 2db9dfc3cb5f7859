"""A buyer and a supplier in two services with a database each, between which words go astray, ten thousand times.

Each run is a negotiation with its own seed: ``SEED`` is the first of them, ``RUNS`` how many there are, ``STEPS``
how much may happen in each. A run that fails tells its seed.
"""

from __future__ import annotations

import collections
import os
import pathlib
import random
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_trade import make_trade
from tests.two_houses import two_houses

SEED = int(os.environ.get("SEED", "20261129"))
RUNS = int(os.environ.get("RUNS", "10000"))
STEPS = int(os.environ.get("STEPS", "30"))


@pytest.mark.campaign
async def test_two_houses_agree_or_both_have_ended(
    request: pytest.FixtureRequest, api: Api, db: Database, clock: ManualClock
) -> None:
    server: Any = request.getfixturevalue("server")
    name: str = request.getfixturevalue("database_name")
    path: pathlib.Path = request.getfixturevalue("tmp_path")
    ends: collections.Counter[str] = collections.Counter()
    began = monotonic()
    trade = await make_trade(api, db, clock)

    async with two_houses(server, name, trade, path / "other") as houses:
        for seed in range(SEED, SEED + RUNS):
            try:
                ends[(await houses.play(random.Random(seed).randrange, STEPS))["state"]] += 1
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error
            if (seed - SEED) % 500 == 499:
                seconds = monotonic() - began
                print(f"{seed - SEED + 1:>6} runs, {seconds:.0f} s", flush=True)

    counts = collections.Counter[str]()
    for way in houses.into.values():
        counts.update(way.counts)
    print(f"\n{RUNS} runs from seed {SEED}: {dict(ends)}, {dict(counts)}")
    assert sum(ends.values()) == RUNS
    assert min(ends["finalized"], ends["terminated"]) > RUNS // 100
    assert min(counts.values()) > RUNS // 10
