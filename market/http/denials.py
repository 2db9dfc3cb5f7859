"""Write refusals down before they are answered, many in one transaction (拒绝留痕).

Whoever is refused waits until it is remembered: what was answered survives any crash. While one
transaction runs, the next refusals gather, so that a flood of them costs few transactions; and only
so many may wait: the others wait for a place (背压).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from catalog.denials import folding
from catalog.denials import operations as denials
from catalog.denials.model import Denial
from catalog.kernel.actor import system
from catalog.kernel.clock import Clock
from catalog.kernel.db import Database, Tx, run

WAITING_MAX: Final = 1_000  # [P] a transaction of so many takes well under a second
_ACTOR: Final = system("denials")


class DenialRecorder:
    """Remember the refusals of one process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._places = asyncio.Semaphore(WAITING_MAX)
        self._waiting: list[tuple[Denial, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._minute: dt.datetime | None = None
        self._networks: set[str] = set()

    async def remember(self, denial: Denial) -> None:
        """Return when the refusal is remembered for good.

        :raises DatabaseUnreachable: if it could not be.
        """
        async with self._places:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._told_apart(denial), written))
            if self._writing is None or self._writing.done():
                self._writing = asyncio.create_task(self._write())
            await written

    def _told_apart(self, denial: Denial) -> Denial:
        minute = folding.minute_of(denial.at)
        if minute != self._minute:
            self._minute, self._networks = minute, set()
        return folding.told_apart(denial, self._networks)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            refused = [denial for denial, _ in batch]

            async def once(tx: Tx, refused: list[Denial] = refused) -> None:
                await denials.remember(tx, now=self._clock.now(), denials=refused)

            failure: BaseException | None = None
            try:
                await run(self._db, _ACTOR, once, must_remember=False)
            except Exception as error:  # noqa: BLE001 - told to everyone who waits for it
                failure = error
            for _, written in batch:
                if written.done():  # whoever waited has gone
                    continue
                if failure is None:
                    written.set_result(None)
                else:
                    written.set_exception(failure)
