"""Two instances negotiate through a channel that loses, doubles and shifts, ten thousand times.

Each run has its own seed: ``SEED`` is the first of them, ``RUNS`` how many there are, ``STEPS`` how
much may happen in each. A run that fails tells its seed.
"""

from __future__ import annotations

import collections
import os
import random

import pytest

from market.negotiations.states import State
from tests.negotiating import Game

SEED = int(os.environ.get("SEED", "20261128"))
RUNS = int(os.environ.get("RUNS", "10000"))
STEPS = int(os.environ.get("STEPS", "80"))


@pytest.mark.campaign
def test_both_sides_agree_or_both_have_ended() -> None:
    ends: collections.Counter[State] = collections.Counter()
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(SEED, SEED + RUNS):
        game = Game(random.Random(seed).randrange)
        try:
            game.run(steps=STEPS)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
        ends[game.copies()[0].state] += 1
        counts.update(
            said=game.played.said,
            lost=game.played.lost,
            doubled=game.played.doubled,
            refused=game.played.refused,
        )

    print(f"\n{RUNS} runs from seed {SEED}: {dict(ends)}, {dict(counts)}")
    assert sum(ends.values()) == RUNS
    assert min(ends[State.FINALIZED], ends[State.TERMINATED]) > RUNS // 100
    assert min(counts.values()) > RUNS
