"""Answer Prometheus on a listener of its own (指标端口)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Iterator
from typing import Final

import structlog
from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.metrics_core import Metric

from catalog.kernel.clock import Clock
from catalog.kernel.db import Database
from catalog.search.port import SearchPort
from catalog.witnessing.policy import Policy
from market.metrics import standing
from market.metrics.counted import Counted
from market.settings import Settings

_ANSWER_WITHIN_SECONDS: Final = 5.0
#: Of several workers one answers for all; when it ends, another takes its place.
_TRY_AGAIN_SECONDS: Final = 2.0
_log = structlog.get_logger("metrics")


class _AsItStands:
    """Collect what stands in the database, whenever somebody asks."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: Settings,
        policy: Policy | None,
        search: SearchPort | None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._policy = policy
        self._search = search
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[Metric]:
        """Yield each metric; called by the listener's own threads."""
        asked = asyncio.run_coroutine_threadsafe(
            standing.read(
                self._db,
                self._clock.now(),
                self._policy,
                is_stamped=bool(self._settings.timestamp_authorities),
                search_port=self._search,
            ),
            self._loop,
        )
        try:
            found = asked.result(_ANSWER_WITHIN_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not up"
            asked.cancel()
            _log.warning("metrics_without_database", why=type(error).__name__)
            found = None
        yield from standing.gauges(found, self._settings.data_dir)


def registry(
    db: Database,
    clock: Clock,
    settings: Settings,
    policy: Policy | None,
    search: SearchPort | None = None,
) -> CollectorRegistry:
    """Return all that is told of this service."""
    made = CollectorRegistry()
    made.register(Counted())
    made.register(_AsItStands(db, clock, settings, policy, search))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    return made


@contextlib.asynccontextmanager
async def listening(settings: Settings, told: CollectorRegistry) -> AsyncIterator[None]:
    """Answer at the port for metrics, if one is set, as long as this is open."""
    if settings.metrics_port is None:
        yield
        return
    answering = asyncio.create_task(_answer(settings.metrics_host, settings.metrics_port, told))
    try:
        yield
    finally:
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering


async def _answer(host: str, port: int, told: CollectorRegistry) -> None:
    while True:
        try:
            server, thread = start_http_server(port, host, told)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                _log.error("metrics_port_not_usable", host=host, port=port, why=str(error))
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
            continue
        try:
            await asyncio.Event().wait()
        finally:
            # Not in this thread: an answer that is being made asks this loop for the database.
            await asyncio.shield(asyncio.to_thread(server.shutdown))
            await asyncio.shield(asyncio.to_thread(thread.join))
            server.server_close()
