"""Watch over the downloads that run in this process; break off those that may not go on (中断交付, BJ-28).

One question for all of them, ten times a second, by the same policy that let them begin. A part goes
out only within half a second of an answer that allowed it: when nobody answers, nothing is sent. What
lies in buffers by then is thrown away with the connection.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog

from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import Clock
from catalog.kernel.db import Database, Tx, begin, run
from market.access.grants import GrantExpired
from market.access.model import Grant
from market.orders.operations import handing_out

LOOK_SECONDS: Final = 0.1  # [P] a cut-off is noticed within this and the time of one query
FRESH_SECONDS: Final = 0.5  # [P] half of the second after which nothing may go out any more
_ACTOR: Final = system("running_downloads")
_log = structlog.get_logger("downloads")


class ContentStopped(RuntimeError):
    """A download was broken off, and the server can not hang up on its client by itself."""


class _Download:
    def __init__(
        self,
        grant: Grant,
        usage_id: uuid.UUID,
        actor: Actor,
        abort: Callable[[], None] | None,
        allowed_at: float,
    ) -> None:
        self.grant = grant
        self.usage_id = usage_id
        self.actor = actor
        self.abort = abort
        self.fresh_until = allowed_at + FRESH_SECONDS
        self.bytes_sent = 0
        self.reasons: tuple[str, ...] = ()


class RunningDownloads:
    """The downloads that run in this process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._running: set[_Download] = set()
        self._looked = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._remembering: set[asyncio.Task[None]] = set()

    async def let_through(
        self,
        parts: AsyncIterator[bytes],
        *,
        grant: Grant,
        usage_id: uuid.UUID,
        actor: Actor,
        abort: Callable[[], None] | None,
        allowed_at: float,
    ) -> AsyncIterator[bytes]:
        """Yield the parts as long as they may be handed out.

        ``allowed_at`` is when that was asked last, by the clock of the event loop.

        :raises ContentStopped: if they may not any more, and nobody can hang up.
        """
        download = _Download(grant, usage_id, actor, abort, allowed_at)
        self._running.add(download)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            async for part in parts:
                if not await self._may_go_on(download):
                    break
                download.bytes_sent += len(part)
                yield part
        finally:
            self._running.discard(download)
        if download.reasons and abort is None:
            raise ContentStopped(*download.reasons)

    async def _may_go_on(self, download: _Download) -> bool:
        now = asyncio.get_running_loop().time
        while not download.reasons and now() > download.fresh_until:
            await self._looked.wait()
        if not download.reasons and self._clock.now() >= download.grant.scope.valid_to:
            self._stop(download, (GrantExpired.code,))
        return not download.reasons

    async def _watch(self) -> None:
        while self._running:
            await asyncio.sleep(LOOK_SECONDS)
            tick = asyncio.get_running_loop().time()
            looked_at = [download for download in self._running if not download.reasons]
            try:
                stopped = await self._look(looked_at)
            except Exception as error:  # noqa: BLE001 - nothing goes out until it is answered
                _log.error("downloads_not_looked_at", exc_info=error)
                continue
            for download in looked_at:
                reasons = stopped.get(download.grant.order_id)
                if reasons is None:
                    download.fresh_until = tick + FRESH_SECONDS
                else:
                    self._stop(download, reasons)
            was, self._looked = self._looked, asyncio.Event()
            was.set()

    async def _look(self, downloads: list[_Download]) -> dict[uuid.UUID, tuple[str, ...]]:
        if not downloads:
            return {}
        grants = {download.grant.order_id: download.grant for download in downloads}
        async with begin(self._db, _ACTOR) as tx:
            return await handing_out.list_stopped(tx, now=self._clock.now(), grants=grants)

    def _stop(self, download: _Download, reasons: tuple[str, ...]) -> None:
        if download.reasons:
            return
        download.reasons = reasons
        if download.abort is not None:
            download.abort()
        remembering = asyncio.create_task(self._remember(download, self._clock.now()))
        self._remembering.add(remembering)
        remembering.add_done_callback(self._remembered)

    def _remembered(self, task: asyncio.Task[None]) -> None:
        self._remembering.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("broken_off_and_not_remembered", exc_info=task.exception())

    async def _remember(self, download: _Download, now: dt.datetime) -> None:
        async def once(tx: Tx) -> None:
            await handing_out.break_off(
                tx,
                actor=download.actor,
                now=now,
                grant=download.grant,
                usage_id=download.usage_id,
                bytes_sent=download.bytes_sent,
                reasons=download.reasons,
            )

        await run(self._db, download.actor, once)
