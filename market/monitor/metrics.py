"""Tell Prometheus how the logs of a monitor stand (监控指标): what is kept is read when somebody asks."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import structlog
from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from catalog.kernel.clock import SystemClock
from catalog.monitoring import freshness
from catalog.monitoring.alerts import Kind
from catalog.monitoring.db import BusyNow
from catalog.monitoring.disk import Monitor
from market.monitor import rounds
from market.monitor.rounds import Standing

_log = structlog.get_logger("metrics")


class Looks:
    """How often this process looked, how often it could not, and when it ended the last time."""

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.seconds = 0.0
        self.ended_at: dt.datetime | None = None
        self._lock = threading.Lock()

    def took(self, look: Callable[[], None]) -> None:
        """Look, and count it."""
        begun = SystemClock().now()
        is_done = False
        try:
            look()
            is_done = True
        finally:
            ended = SystemClock().now()
            with self._lock:
                self.count += 1
                self.failed += not is_done
                self.seconds = (ended - begun).total_seconds()
                self.ended_at = ended if is_done else self.ended_at


class _Standing:
    """Collect how each log stands, by what is on disk."""

    def __init__(self, monitor: Monitor, looks: Looks) -> None:
        self._monitor = monitor
        self._looks = looks
        self._last: dict[str, Standing] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield each metric; called by the listener's own threads."""
        looks = self._looks
        yield CounterMetricFamily("shushi_monitor_looks", "Looks at all logs.", value=looks.count)
        failed = "Looks that broke off by a fault of the monitor's own."
        yield CounterMetricFamily("shushi_monitor_looks_failed", failed, value=looks.failed)
        took = "How long the last look took."
        yield GaugeMetricFamily("shushi_monitor_look_seconds", took, value=looks.seconds)
        if looks.ended_at is not None:
            ended = "When a look ended last, in seconds since 1970."
            at = looks.ended_at.timestamp()
            yield GaugeMetricFamily("shushi_monitor_look_timestamp_seconds", ended, value=at)
        yield from self._logs()

    def _logs(self) -> Iterator[Metric]:
        gauges = {
            name: GaugeMetricFamily(f"shushi_monitor_{name}", told, labels=labels)
            for name, told, labels in (
                ("accepted_entries", "Up to where a log is accepted.", ("log",)),
                ("replayed_entries", "Up to where a log is read.", ("log",)),
                ("heads_entries", "Up to where its heads were computed again.", ("log",)),
                ("log_up", "Whether the log answered when it was asked last.", ("log",)),
                ("alerts", "Alerts that stand and that nobody acknowledged.", ("log", "alert")),
                ("newest_entry_timestamp_seconds", "When its newest entry was made.", ("log",)),
            )
        }
        for log in self._monitor.logs():
            # While the other thread writes, what was read before stands.
            with contextlib.suppress(BusyNow):
                self._last[log.origin] = rounds.standing(self._monitor, log, is_glance=True)
            standing = self._last.get(log.origin)
            if standing is None:
                continue
            kinds = Counter(rounds.kinds_of(standing))
            here = (log.origin,)
            gauges["accepted_entries"].add_metric(here, standing.size)
            gauges["replayed_entries"].add_metric(here, standing.replayed)
            gauges["heads_entries"].add_metric(here, standing.under_heads)
            gauges["log_up"].add_metric(here, kinds[Kind.UNREACHABLE] == 0)
            newest = freshness.instant_of(standing.last_at)
            if newest is not None:
                at = newest.timestamp()
                gauges["newest_entry_timestamp_seconds"].add_metric(here, at)
            for kind in Kind:  # at 0 and not nowhere before it happens
                gauges["alerts"].add_metric((log.origin, kind.value), kinds[kind])
        yield from gauges.values()


def registry(monitor: Monitor, looks: Looks) -> CollectorRegistry:
    """Return all that is told of a monitor."""
    made = CollectorRegistry()
    made.register(_Standing(monitor, looks))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    return made


@contextlib.contextmanager
def listening(monitor: Monitor, host: str, port: int | None) -> Iterator[Looks]:
    """Answer at the port, if there is one, as long as this is open.

    :raises OSError: if the port is taken.
    """
    looks = Looks()
    if port is None:
        yield looks
        return
    server, thread = start_http_server(port, host, registry(monitor, looks))
    _log.info("metrics", address=f"http://{host}:{port}/metrics")
    try:
        yield looks
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
