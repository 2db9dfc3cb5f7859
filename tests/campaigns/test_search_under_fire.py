"""Write in one process and search in another at once, while who follows is killed, paused and left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import random
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from tests.conftest import TestServer

PAIRS = int(os.environ.get("CAMPAIGN_PAIRS", "3000"))
SEED = int(os.environ.get("CAMPAIGN_SEED", "1"))
MODULE = "tests.campaigns.search_worker"

pytestmark = [pytest.mark.campaign]


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


async def start(what: str, dsn: str, directory: pathlib.Path) -> Process:
    pipe = asyncio.subprocess.PIPE
    return Process(
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", MODULE, what, dsn, str(directory), stdin=pipe, stdout=pipe
        )
    )


@contextlib.asynccontextmanager
async def running(dsn: str, directory: pathlib.Path) -> AsyncIterator[list[Process]]:
    processes = [await start("obey", dsn, directory) for _ in range(2)]
    processes += [await start("follow", dsn, directory) for _ in range(2)]
    try:
        yield processes
    finally:
        for each in processes:
            each.signal(signal.SIGKILL)
            await each.process.wait()


async def test_no_answer_is_ever_stale(
    server: TestServer, database_name: str, tmp_path: pathlib.Path
) -> None:
    chance = random.Random(SEED)
    dsn = server.dsn(database_name, "ROLE")
    asked = killed = paused = behind = late = 0
    stale: list[str] = []
    waiting: dict[str, int] = {}
    async with running(dsn, tmp_path) as processes:
        paused_one: int | None = None
        for step in range(PAIRS):
            writer, reader = chance.sample(processes[:2], 2)
            number = str(chance.randrange(400))
            if number not in waiting:
                await writer.tell("write", number, step)
                answer = await reader.tell("find", number, step)
                asked += 1
                if answer != "found":
                    stale.append(f"{step}: {number} {answer}")
            if step % 50 == 10:
                slow = f"slow{step}"
                await processes[0].tell("begin", slow, step)
                waiting[slow] = step
            if step % 50 == 40 and waiting:
                slow = chance.choice(list(waiting))
                await processes[0].tell("commit", slow)
                answer = await processes[1].tell("find", slow, waiting.pop(slow))
                late += 1
                if answer != "found":
                    stale.append(f"{step}: {slow} {answer}")
            if step % 211 == 100:
                victim = chance.choice((2, 3))
                processes[victim].signal(signal.SIGKILL)
                await processes[victim].process.wait()
                processes[victim] = await start("follow", dsn, tmp_path)
                killed += 1
                if paused_one == victim:
                    paused_one = None
            if step % 307 == 150:
                if paused_one is None:
                    paused_one = chance.choice((2, 3))
                    processes[paused_one].signal(signal.SIGSTOP)
                    paused += 1
                else:
                    processes[paused_one].signal(signal.SIGCONT)
                    paused_one = None
            if step % 1000 == 500:
                await processes[0].tell("many", step, 5000)
                answer = await processes[1].tell("find", f"{step}m4999", 0)
                asked += 1
                behind += 1
                if answer != "found":
                    stale.append(f"{step}: 5000 behind {answer}")

    print(
        f"\n{asked} pairs, {late} late commits, {killed} kills, {paused} pauses,"
        f" {behind} times 5,000 behind: {len(stale)} stale"
    )
    assert stale == []
