"""Whatever goes wrong while money moves: nothing acknowledged is lost, nothing is doubled, no order is stuck.

In each cycle payments, releases, refunds, disputes and bare entries run at once, alone and through a
lane, every one of them asked again until it is answered; then comes one fault of the list, and what
mends it; then all orders are walked to their end and all of the books is checked, against what was
acknowledged and against itself.

``CAMPAIGN_CYCLES`` (60) and ``CAMPAIGN_SEED`` choose another run; ``CAMPAIGN_FAULT`` one fault alone. A
seed gives the same faults at the same waits; how they meet the load is the machine's chance.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import pathlib
import random
import statistics
import sys
from typing import Final

import pytest

from catalog.kernel.clock import monotonic
from tests.campaigns.money_checks import findings
from tests.campaigns.money_faults import ALWAYS, FAULTS, SHORT_LEASE, Impossible, Scene
from tests.campaigns.money_faults_of_books import FAULTS_OF_BOOKS, FRESH
from tests.campaigns.money_load import Load
from tests.campaigns.money_stage import Stage

CYCLES: Final = int(os.environ.get("CAMPAIGN_CYCLES", "60"))
SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "20261129"))
ONLY: Final = os.environ.get("CAMPAIGN_FAULT", "")
WALKERS: Final = 8
CYCLES_A_DATABASE: Final = 10
RECOVERY_SECONDS: Final = 3.0
END_SECONDS: Final = 120.0

EVERY: Final = FAULTS | FAULTS_OF_BOOKS

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
]


class Campaign:
    """The cycles, and what was found in them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rng = random.Random(SEED)
        self.names = [name for name in EVERY if ONLY in name]
        self.cycles: collections.Counter[str] = collections.Counter()
        self.not_run: dict[str, str] = {}
        self.found: dict[str, list[str]] = collections.defaultdict(list)
        self.recoveries: dict[str, list[float]] = collections.defaultdict(list)
        self.acknowledged = self.unknown = self.breaks = self.orders = 0
        self.epochs = self.fenced = 0

    def deal(self) -> list[str]:
        """Return the faults of all cycles: each as often as any other, in an order of chance."""
        dealt: list[str] = []
        while len(dealt) < CYCLES:
            dealt += self.rng.sample(self.names, len(self.names))
        return dealt[:CYCLES]

    async def cycle(self, number: int, name: str) -> None:
        on_small_disk = name == "disk full" and self.stage.disk is not None
        if number % CYCLES_A_DATABASE == 0 or on_small_disk or name in FRESH:
            await self.stage.new_database(on_small_disk=on_small_disk)
        load = Load(self.stage.db(), random.Random(f"{SEED}/{number}"), lease=SHORT_LEASE)
        scene = Scene(self.stage, load, random.Random(f"{SEED}/{number}/{name}"))
        running = asyncio.create_task(load.run(WALKERS))
        try:
            await scene.some_time()
            try:
                await EVERY[name](scene)
            except Impossible as impossible:
                self.not_run[name] = str(impossible)
            else:
                self.cycles[name] += 1
            if not load.is_closing:
                await asyncio.wait_for(load.answered.wait(), END_SECONDS)
                self.recoveries[name].append(load.answered_at - scene.whole_again)
            await scene.some_time(0.2)
            load.is_closing = True
            await asyncio.wait_for(running, END_SECONDS)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await running
        await self.check(name, load, scene)
        if on_small_disk:
            await self.stage.new_database()

    async def check(self, name: str, load: Load, scene: Scene) -> None:
        for order, amount in scene.left.items():
            await load.finish(order, amount)
        orders = load.orders | scene.left
        acks = load.acks + scene.more_acks
        found = await findings(
            self.stage, self.stage.db(), acks, orders, load.ended | set(scene.left)
        )
        self.found[name] += found + load.findings + scene.findings
        self.acknowledged += len(acks)
        self.orders += len(orders)
        self.unknown += load.unknown
        self.breaks += load.breaks
        self.epochs += len(load.desk.epochs)
        self.fenced += scene.fenced + load.desk.refused["lane_lost"]

    def times(self) -> list[float]:
        """Return how long it took until somebody was answered again, the shortest first."""
        return sorted(each for found in self.recoveries.values() for each in found)

    def recovered(self) -> str:
        times = self.times() or [0.0]
        half, most = statistics.median(times), times[_place(times, 99)]
        return f"median {half:.2f} s, p99 {most:.2f} s, longest {times[-1]:.2f} s"

    def table(self, seconds: float) -> str:
        figures = (
            f"{self.orders} orders, {self.acknowledged} acknowledged, {self.unknown} attempts without an answer,"
            f" {self.breaks} breaks of channels, {self.epochs} epochs, {self.fenced} times fenced"
        )
        lines = [
            f"seed {SEED}: {sum(self.cycles.values())} cycles of {len(self.cycles)} kinds in {seconds:.0f} s",
            figures,
            f"in every cycle: {', '.join(ALWAYS)}",
            f"recovery to the first answer: {self.recovered()}",
            f"{'fault':<60} cycles  found  recovery: median   max",
        ]
        for name in self.names:
            if name in self.not_run:
                lines.append(f"{name:<60} not run: {self.not_run[name]}")
                continue
            times = self.recoveries[name] or [0.0]
            lines.append(
                f"{name:<60} {self.cycles[name]:>6} {len(self.found[name]):>6}"
                f" {statistics.median(times):>15.2f} s {max(times):>5.2f} s"
            )
        return "\n".join(lines)


async def test_no_fen_is_lost_doubled_or_stuck_whatever_goes_wrong(tmp_path: pathlib.Path) -> None:
    stage = Stage(tmp_path)
    campaign = Campaign(stage)
    began = monotonic()
    try:
        await stage.open()
        for number, name in enumerate(campaign.deal()):
            await campaign.cycle(number, name)
            if campaign.found[name]:
                print(f"\n{number} {name}: {campaign.found[name][:5]}", flush=True)
            if number % 10 == 9:
                print(f"{number + 1:>5} cycles, {monotonic() - began:.0f} s", flush=True)
    finally:
        print("\n" + campaign.table(monotonic() - began), flush=True)
        await stage.close()
    all_found = [each for found in campaign.found.values() for each in found]
    assert not all_found, all_found[:20]
    times = campaign.times() or [0.0]
    assert times[_place(times, 99)] <= RECOVERY_SECONDS, campaign.recovered()


def _place(times: list[float], hundredths: int) -> int:
    """Return where so many hundredths of them are not longer."""
    return -(-len(times) * hundredths // 100) - 1
