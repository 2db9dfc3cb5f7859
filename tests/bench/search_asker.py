"""Ask for pages one after another in a process of its own: DSN DIRECTORY SECONDS SEED COUNT; print what it took.

As in ``market serve``, what is loaded once is no business of the garbage collector: else some of the
pages wait while it walks through all that was imported. The time of the processor is told beside that
of the clock: on a machine with other work the clock counts that work too.
"""

from __future__ import annotations

import asyncio
import gc
import json
import pathlib
import sys
import time

import asyncpg
import uvloop

from catalog.kernel.actor import PUBLIC
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database, begin
from catalog.products import terms
from catalog.search import queries
from catalog.search.disk.reading import TantivyIndex
from tests.bench import pages


async def main() -> None:
    dsn, directory, seconds, seed, count = sys.argv[1:]
    owner = await asyncpg.connect(dsn.replace("ROLE", "market_api"))
    asked = await pages.make(owner, int(count), seed=int(seed))
    await owner.close()
    db = Database(lambda role: dsn.replace("ROLE", role), pool_size=2)
    index = TantivyIndex(pathlib.Path(directory))
    terms.load()  # as a service does when it starts
    index.view()
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {"cold": [], "kept": []}
    busy: dict[str, list[float]] = {"cold": [], "kept": []}

    async def ask(page: pages.Page, kind: str) -> None:
        started, begun = monotonic(), time.process_time()
        async with begin(db, PUBLIC, late=True) as tx:
            await queries.search(tx, port=index, text=page.text, filters=page.narrowed, limit=20)
        times[kind].append(1000 * (monotonic() - started))
        busy[kind].append(1000 * (time.process_time() - begun))

    for page in asked:
        await ask(page, "cold")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    started, done = monotonic(), 0
    while monotonic() - started < float(seconds):
        await ask(asked[done % len(asked)], "kept")
        done += 1
    took = monotonic() - started
    status = pathlib.Path("/proc/self/status").read_text("ascii")
    memory = {
        line.split(":")[0]: int(line.split()[1]) // 1024
        for line in status.splitlines()
        if line.startswith(("RssAnon", "RssFile"))
    }
    print(
        json.dumps({"rate": done / took, "times": times, "busy": busy, "memory": memory}),
        flush=True,
    )
    await db.close()


if __name__ == "__main__":
    uvloop.run(main())
