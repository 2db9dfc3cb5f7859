"""One process of a service that takes batches, at an instant that does not move, until it is killed.

Its arguments: how to reach the database (``ROLE`` for the role), the directory of the files, the instant.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import sys
import types
from typing import Any

from catalog.kernel.db import Database
from market.channels.cage import Cage
from market.jobs import take_batches


async def main(dsn: str, files: str, instant: str) -> None:
    now = dt.datetime.fromisoformat(instant)
    wiring: Any = types.SimpleNamespace(
        db=Database(lambda role: dsn.replace("ROLE", role), pool_size=4),
        cage=Cage(),
        settings=types.SimpleNamespace(files_dir=pathlib.Path(files)),
        now=lambda: now,
    )
    print("ready", flush=True)
    while True:
        await take_batches.run(wiring)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
