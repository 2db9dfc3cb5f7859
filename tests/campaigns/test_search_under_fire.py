"""Write in one process and search in another at once, while who follows is killed, paused and left behind.

``CAMPAIGN_PAIRS`` (of a write and a search for it), ``CAMPAIGN_SEED``. Prints how many were asked under what,
how many answers were stale, and how long answers took; of a long run every hundredth, what it came to so far.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import pathlib
import random
import signal
import sys
from collections.abc import AsyncIterator
from typing import Final

import pytest

from catalog.kernel.clock import monotonic
from tests.conftest import TestServer

PAIRS = int(os.environ.get("CAMPAIGN_PAIRS", "3000"))
SEED = int(os.environ.get("CAMPAIGN_SEED", "1"))
MODULE = "tests.campaigns.search_worker"
PRODUCTS: Final = 400  # that are written again and again
OPEN_AT_MOST: Final = 4
BEHIND: Final = 5000
# As often as it happens in a short run, a long one would be nothing else.
BEHIND_EVERY: Final = max(1000, PAIRS // 25)

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(4 * 3600)]


class Process:
    """A worker in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def tell(self, *words: object) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{' '.join(map(str, words))}\n".encode())
        return (await self.process.stdout.readline()).decode().strip()

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


class Fire:
    """Two processes that write and search, two that follow, and what happens to them."""

    def __init__(self, dsn: str, directory: pathlib.Path) -> None:
        self.dsn, self.directory = dsn, directory
        self.chance = random.Random(SEED)
        self.workers: list[Process] = []
        self.followers: list[Process] = []
        self.paused: Process | None = None
        self.waiting: dict[str, int] = {}
        self.counts: collections.Counter[str] = collections.Counter()
        self.times: list[float] = []
        self.stale: list[str] = []

    @contextlib.asynccontextmanager
    async def burning(self) -> AsyncIterator[None]:
        self.workers = [await self._start("obey") for _ in range(2)]
        self.followers = [await self._start("follow") for _ in range(2)]
        try:
            yield
        finally:
            for each in (*self.workers, *self.followers):
                each.signal(signal.SIGKILL)
                await each.process.wait()

    def told(self, seconds: float) -> str:
        """Tell what it came to in so many seconds."""
        counts = ", ".join(f"{count} {under}" for under, count in self.counts.items())
        return f"{counts} in {seconds:.0f} s: {len(self.stale)} stale"

    async def step(self, number: int) -> None:
        await self._pair(number)
        if number % 25 == 10 and len(self.waiting) < OPEN_AT_MOST:
            await self._begin_slowly(number)
        if number % 25 == 20 and len(self.waiting) > 1:  # so that one is always open
            await self._commit_late()
        if number % 211 == 100:
            await self._kill()
        if number % 307 == 150:
            self._pause_or_wake()
        if number % BEHIND_EVERY == BEHIND_EVERY // 2:
            await self.workers[0].tell("many", number, BEHIND)
            await self._find(self.workers[1], "5,000 behind", f"{number}m{BEHIND - 1}", 0)

    async def _pair(self, step: int) -> None:
        writer, reader = self.chance.sample(self.workers, 2)
        number = str(self.chance.randrange(PRODUCTS))
        await writer.tell("write", number, step)
        await self._find(reader, "pairs", number, step)

    async def _begin_slowly(self, step: int) -> None:
        """Leave a transaction open that commits after many that began later."""
        slow = f"slow{step}"
        await self.workers[0].tell("begin", slow, step)
        self.waiting[slow] = step

    async def _commit_late(self) -> None:
        slow = self.chance.choice(list(self.waiting))
        await self.workers[0].tell("commit", slow)
        await self._find(self.workers[1], "late commits", slow, self.waiting.pop(slow))

    async def _kill(self) -> None:
        victim = self.chance.choice(self.followers)
        victim.signal(signal.SIGKILL)
        await victim.process.wait()
        self.followers[self.followers.index(victim)] = await self._start("follow")
        self.counts["kills"] += 1
        if self.paused is victim:
            self.paused = None

    def _pause_or_wake(self) -> None:
        if self.paused is None:
            self.paused = self.chance.choice(self.followers)
            self.paused.signal(signal.SIGSTOP)
            self.counts["pauses"] += 1
        else:
            self.paused.signal(signal.SIGCONT)
            self.paused = None

    async def _find(self, reader: Process, under: str, number: str, version: int) -> None:
        started = monotonic()
        answer = await reader.tell("find", number, version)
        self.times.append(1000 * (monotonic() - started))
        self.counts[under] += 1
        if answer != "found":
            self.stale.append(f"{under}, {version}: {number} {answer}")

    async def _start(self, what: str) -> Process:
        pipe = asyncio.subprocess.PIPE
        program = (sys.executable, "-m", MODULE, what, self.dsn, str(self.directory))
        return Process(await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe))


async def test_no_answer_is_ever_stale(
    server: TestServer, database_name: str, tmp_path: pathlib.Path
) -> None:
    fire = Fire(server.dsn(database_name, "ROLE"), tmp_path)
    started = monotonic()
    async with fire.burning():
        for number in range(PAIRS):
            await fire.step(number)
            if (number + 1) % max(PAIRS // 100, 500) == 0:
                print(fire.told(monotonic() - started), flush=True)
    times = sorted(fire.times)
    print(f"\n{fire.told(monotonic() - started)}")
    print(
        f"answers: p50 {times[len(times) // 2]:.1f} ms, p99 {times[len(times) * 99 // 100]:.1f} ms"
    )
    assert fire.stale == []
