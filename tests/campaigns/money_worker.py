"""A process of its own that works with money until it is told to stop, or is killed.

What it began and what it was answered it writes down at once, a line each; that is all that is left of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import signal
import sys
from typing import Any

import msgspec

from catalog.kernel.db import Database
from settlement.lanes.operations.writing import Lane
from tests.campaigns.money_load import Ack, Load


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do. It dies by its own hand after the n-th batch that it committed, unanswered."""

    dsn: str
    seed: str
    walkers: int
    lane: int
    lease_ms: int
    dies_after_batches: int | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a worker."""

    begun: tuple[str, int] | None = None
    ack: Ack | None = None
    fenced: int = 0


def tell(told: Told) -> None:
    os.write(1, msgspec.json.encode(told) + b"\n")


def die_after(batches: int) -> None:
    """Have the lane's writer end by SIGKILL when so many batches are committed, before it answers."""
    post, done = Lane._post, [0]

    async def deadly(self: Lane, requests: Any) -> Any:
        answers = await post(self, requests)
        done[0] += 1
        if done[0] >= batches:
            os.kill(os.getpid(), signal.SIGKILL)
        return answers

    Lane._post = deadly  # type: ignore[method-assign]


async def work(job: Job) -> None:
    if job.dies_after_batches is not None:
        die_after(job.dies_after_batches)
    db = Database(lambda role: job.dsn.replace("ROLE", role), pool_size=16)
    load = Load(
        db,
        random.Random(job.seed),
        tell=lambda ack: tell(Told(ack=ack)),
        begun=lambda order: tell(Told(begun=(str(order), load.orders[order]))),
        lane=job.lane,
        lease=dt.timedelta(milliseconds=job.lease_ms),
    )
    loop = asyncio.get_running_loop()

    def close() -> None:
        load.is_closing = True

    loop.add_signal_handler(signal.SIGTERM, close)
    await load.run(job.walkers)
    tell(Told(fenced=load.desk.refused["lane_lost"]))
    for finding in load.findings:
        raise AssertionError(finding)
    await db.close()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.argv[1], type=Job)))
