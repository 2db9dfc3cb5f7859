"""Sequence and publish a log as the service's job does, in a process of its own, until told to stop.

``python -m tests.bench.log_follower JOB`` prints, when its input is closed, at which instant
(monotonic) which size was published: from then on a proof could be had.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path

import msgspec
import uvloop

from catalog.audit_log.disk import CheckpointJournal
from catalog.audit_log.sequencer.operations import publishing
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database
from catalog.signing import disk as key_files
from catalog.signing.purposes import Purpose
from market.jobs import sequence_log


class Job(msgspec.Struct, frozen=True):
    """Which database and log, where journal and keys lie, and how often to look."""

    dsns: dict[str, str]
    journal: str
    keys: str
    origin: str
    every: float
    now: dt.datetime


async def follow(job: Job) -> list[tuple[float, int]]:
    """Run the job again and again; return when which size was published."""
    db = Database(job.dsns.__getitem__, pool_size=2)
    journal = CheckpointJournal(Path(job.journal))
    key = key_files.read_signer(Path(job.keys), Purpose.CHECKPOINT)
    signer = publishing.LogSigner(job.origin, key)
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    published: list[tuple[float, int]] = []
    while not stop.done():
        await sequence_log.run(db, now=job.now, signer=signer, journal=journal)
        last = journal.last()
        size = 0 if last is None else last.size
        if not published or published[-1][1] != size:
            published.append((monotonic(), size))
        await asyncio.sleep(job.every)
    await db.close()
    return published


if __name__ == "__main__":
    found = uvloop.run(follow(msgspec.json.decode(sys.argv[1], type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(found))
