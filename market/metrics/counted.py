"""Count what happens in this process: requests, refusals, metered accesses, the sequencer's work.

With several workers each writes into files of its own under ``PROMETHEUS_MULTIPROC_DIR``, which is set before
this is imported, and whoever answers adds them up.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from catalog.audit_log.promising import LogBehind, LogStopped

_HERE: Final = CollectorRegistry()
#: Of requests that no route took: an address that somebody guessed is no label.
_NO_ROUTE: Final = "none"
# Steps that a batch is taken in go by 1 s; 150 s refuse access, 300 s break a promise.
_DELAYS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300)
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_BATCHES: Final = (1, 4, 16, 64, 256, 1024, 4096, 16_384)

_requests = Counter(
    "shushi_http_requests",
    "Requests answered, by method, route and status.",
    ("method", "route", "status"),
    registry=_HERE,
)
_seconds = Histogram("shushi_http_request_seconds", "How long requests took.", registry=_HERE)
_refusals = Counter("shushi_refusals", "Refusals, by their code.", ("code",), registry=_HERE)
_accesses = Counter(
    "shushi_accesses",
    "Metered accesses: served, or the code by which they were denied or refused.",
    ("outcome",),
    registry=_HERE,
)
_receipts = Counter("shushi_receipts", "Receipts that were given.", registry=_HERE)
_delays = Histogram(
    "shushi_log_merge_delay_seconds",
    "From an entry's own time to its place (sequenced), and to the first checkpoint over it (published).",
    ("stage",),
    buckets=_DELAYS,
    registry=_HERE,
)
_batches = Histogram(
    "shushi_log_batch_entries",
    "Entries that got their places in one batch.",
    buckets=_BATCHES,
    registry=_HERE,
)
_failures = Counter("shushi_job_failures", "Rounds of a job that failed.", ("job",), registry=_HERE)

_searches = Counter(
    "shushi_searches", "Searches, by whether they found anything.", ("outcome",), registry=_HERE
)
_search_seconds = Histogram(
    "shushi_search_seconds",
    "How long searches took inside the service, with suggestions.",
    buckets=_QUICK,
    registry=_HERE,
)

SEQUENCED: Final = "sequenced"
PUBLISHED: Final = "published"
SERVED: Final = "served"
FOUND: Final = "found"
NOTHING: Final = "nothing"
REFUSED: Final = "refused"


# Known beforehand, so that they stand at 0 and not nowhere before it happens.
for _stage in (SEQUENCED, PUBLISHED):
    _delays.labels(_stage)
for _outcome in (SERVED, LogBehind.code, LogStopped.code):
    _accesses.labels(_outcome)


for _outcome in (FOUND, NOTHING, REFUSED):
    _searches.labels(_outcome)


class Counted:
    """Collect what this process counted, or, with several workers, what all of them did."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its samples."""
        directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if directory is None:
            yield from _HERE.collect()
            return
        together = CollectorRegistry()
        MultiProcessCollector(together, path=directory)  # type: ignore[no-untyped-call]
        yield from together.collect()


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered; ``route`` is the template, empty if there was none."""
    _requests.labels(method, route or _NO_ROUTE, str(status)).inc()
    _seconds.observe(seconds)


def refusal(code: str) -> None:
    """Count a refusal."""
    _refusals.labels(code).inc()


def access(outcome: str) -> None:
    """Count a metered access: ``SERVED``, or the code by which it was not."""
    _accesses.labels(outcome).inc()


def receipt() -> None:
    """Count a receipt that was given."""
    _receipts.inc()


def batch(appended_at: list[dt.datetime], now: dt.datetime) -> None:
    """Count a batch whose entries, made at these times, got their places now."""
    if appended_at:
        _batches.observe(len(appended_at))
        _observe(SEQUENCED, appended_at, now)


def published(appended_at: Iterable[dt.datetime], now: dt.datetime) -> None:
    """Count entries, made at these times, that the first checkpoint covers now."""
    _observe(PUBLISHED, appended_at, now)


def job_failure(job: str) -> None:
    """Count a round of a job that failed."""
    _failures.labels(job).inc()


def search(outcome: str, seconds: float | None = None) -> None:
    """Count a search, and how long it took if it was answered."""
    _searches.labels(outcome).inc()
    if seconds is not None:
        _search_seconds.observe(seconds)


def _observe(stage: str, appended_at: Iterable[dt.datetime], now: dt.datetime) -> None:
    histogram = _delays.labels(stage)
    for at in appended_at:
        histogram.observe(max(0.0, (now - at).total_seconds()))
