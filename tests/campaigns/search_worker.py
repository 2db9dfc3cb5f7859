"""One process of a service that follows, writes and searches, told what to do line by line.

``follow``: follow until killed. Otherwise each line of stdin is a command with its answer on stdout:
``write N`` commits a product of that number anew, ``begin N`` leaves its transaction open, ``commit N``
ends it, ``many N COUNT`` commits so many at once, ``find N VERSION`` says whether exactly that version
is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import sys

import msgspec

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.clock import SystemClock
from catalog.kernel.db import Database, begin
from catalog.products import imports
from catalog.products.operations import importing
from catalog.search import queries
from catalog.search.disk.reading import TantivyIndex
from catalog.search.operations import Follower

IMPORTER = system("import", "product:import")


def record(number: str, version: str) -> imports.Prepared:
    told = {"id": number, "title": f"n{number}x v{version}x 港口", "source": "示例"}
    prepared = imports.read_line(1, msgspec.json.encode(told))
    assert isinstance(prepared, imports.Prepared)
    return prepared


class Worker:
    def __init__(self, dsn: str, directory: str) -> None:
        self.db = Database(lambda role: dsn.replace("ROLE", role), pool_size=8)
        self.index = TantivyIndex(pathlib.Path(directory))
        self.open: dict[str, contextlib.AsyncExitStack] = {}

    async def follow(self) -> None:
        follower = Follower(self.db, self.index)
        while True:
            with contextlib.suppress(Exception):
                await follower.follow(now=SystemClock().now())
            await asyncio.sleep(0.05)

    async def obey(self, command: str, *given: str) -> str:
        if command == "find":
            return await self.find(*given)
        if command == "commit":
            await self.open.pop(given[0]).aclose()
            return "done"
        batch = [record(*given)]
        if command == "many":
            batch = [record(f"{given[0]}m{i}", "0") for i in range(int(given[1]))]
        stack = contextlib.AsyncExitStack()
        tx = await stack.enter_async_context(begin(self.db, IMPORTER))
        if command == "begin":  # it may stay open for longer than the service lets it
            await tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await importing.import_batch(tx, actor=IMPORTER, now=SystemClock().now(), batch=batch)
        if command == "begin":
            self.open[given[0]] = stack
        else:
            await stack.aclose()
        return "done"

    async def find(self, number: str, version: str) -> str:
        async with begin(self.db, PUBLIC) as tx:
            found = await queries.search(
                tx, port=self.index, text=f"n{number}x v{version}x", limit=5
            )
        best = found.items[0].name if found.items else "nothing"
        return "found" if best == f"n{number}x v{version}x 港口" else f"stale: {best}"


async def main() -> None:
    worker = Worker(sys.argv[2], sys.argv[3])
    if sys.argv[1] == "follow":
        await worker.follow()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(await worker.obey(*line.split()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
