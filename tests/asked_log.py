"""Our own log when it asks somebody outside: a scene that grows it, and what is said of who fails."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from tests.log_of_tests import TestLog


class AskedLog:
    """A log and its clock. Who is asked, and when, the scene of each test says."""

    def __init__(self, log: TestLog, clock: ManualClock) -> None:
        self.log = log
        self.clock = clock

    async def grow(self, entries: int = 3) -> None:
        await self.log.append_many(self.clock.now(), entries)
        await self.sequence()

    async def sequence(self) -> None:
        await self.log.run(self.clock.now())


def names(said: list[Any]) -> list[str]:
    """Return what an operator is told of, in order."""
    return [line["event"] for line in said if line["log_level"] in ("warning", "error")]


async def expect_kept(owner_dsn: str, table: str, change: str) -> None:
    """See that not even the owner changes what a table of the log keeps."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(change.format(f"audit_log.{table}"))
    finally:
        await connection.close()
