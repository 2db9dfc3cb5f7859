"""Read from the database how the log stands: what waits, what is signed, witnessed, proven complete."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from catalog.audit_log import queries as log
from catalog.audit_log.promising import Backlog
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from catalog.search import queries as search
from catalog.search.disk import faults
from catalog.search.model import IndexStanding
from catalog.search.port import SearchPort
from catalog.subject_heads import queries as subject_heads
from catalog.timestamps import queries as timestamps
from catalog.witnessing import queries as witnessing
from catalog.witnessing.policy import Policy

_ACTOR: Final = system("metrics")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the log stood at one moment."""

    at: dt.datetime
    progress: log.Progress
    backlog: Backlog
    search: IndexStanding
    heads: subject_heads.Freshness
    witnesses: tuple[witnessing.Progress, ...] = ()
    unwitnessed_since: dt.datetime | None = None
    is_witnessed: bool = False  # a policy asks for witnesses
    unstamped_since: dt.datetime | None = None
    is_stamped: bool = False  # authorities are set that stamp checkpoints


async def read(
    db: Database,
    now: dt.datetime,
    policy: Policy | None,
    *,
    is_stamped: bool,
    search_port: SearchPort | None = None,
) -> Standing:
    """Return how the log stands, as of one moment.

    :raises DatabaseUnreachable: if it can not be read.
    """
    async with begin(db, _ACTOR, snapshot=True) as tx:
        return Standing(
            at=now,
            progress=await log.get_progress(tx),
            backlog=await log.get_backlog(tx),
            search=await faults.answered(search_port, lambda port: search.get_standing(tx, port)),
            heads=await subject_heads.get_freshness(tx),
            witnesses=() if policy is None else await witnessing.list_progress(tx, policy),
            unwitnessed_since=None if policy is None else await witnessing.waits_since(tx),
            is_witnessed=policy is not None,
            unstamped_since=await timestamps.waits_since(tx) if is_stamped else None,
            is_stamped=is_stamped,
        )


def gauges(standing: Standing | None, data_dir: Path) -> Iterator[Metric]:
    """Yield what stands; None: the database could not be asked, and nothing of it is told."""
    yield _gauge("shushi_database_up", "Whether the database answers.", standing is not None)
    yield _gauge(
        "shushi_disk_free_bytes",
        "Room that is left where the data lie.",
        shutil.disk_usage(data_dir).free,
    )
    if standing is None:
        return
    yield from _log(standing)
    yield from _search(standing)
    if standing.is_witnessed:
        yield from _witnesses(standing)
    if standing.is_stamped:
        yield _gauge(
            "shushi_timestamp_missing_seconds",
            "Since when something signed waits for its timestamp; 0 if nothing does.",
            _since(standing.at, standing.unstamped_since),
        )


def _log(standing: Standing) -> Iterator[Metric]:
    at, progress, heads = standing.at, standing.progress, standing.heads
    yield _gauge(
        "shushi_log_outbox_entries", "Entries that wait for a place.", progress.outbox_entries
    )
    yield _gauge(
        "shushi_log_outbox_age_seconds",
        "How long the oldest of them waits.",
        _since(at, progress.outbox_since),
    )
    yield _gauge(
        "shushi_log_unsigned_age_seconds",
        "How long the oldest entry waits for a place under a checkpoint; access is refused above 150.",
        _since(at, standing.backlog.waiting_since),
    )
    yield _gauge(
        "shushi_log_stopped",
        "Whether what is stored contradicts itself or what was signed.",
        standing.backlog.stopped_since is not None,
    )
    yield _gauge("shushi_log_size", "Entries that have a place.", progress.size)
    yield _gauge("shushi_log_checkpoint_size", "Entries that are signed.", progress.signed_size)
    yield _gauge(
        "shushi_log_checkpoint_age_seconds",
        "How old the newest checkpoint is; an idle log signs none.",
        _since(at, progress.signed_at),
    )
    yield _gauge("shushi_log_heads_size", "Entries up to which heads are published.", heads.size)
    yield _gauge(
        "shushi_log_heads_age_seconds",
        "How old the newest heads are; an idle log publishes none.",
        _since(at, heads.published_at),
    )
    yield _gauge(
        "shushi_log_heads_lag_seconds",
        "How old the oldest entry is that no heads cover.",
        _since(at, heads.uncovered_since),
    )


def _search(standing: Standing) -> Iterator[Metric]:
    yield _gauge(
        "shushi_search_index_up",
        "Whether the index of this host answers; else PostgreSQL does, more slowly.",
        standing.search.is_answering,
    )
    yield _gauge(
        "shushi_search_behind_products",
        "Products that changed beyond the index, laid over each answer.",
        standing.search.behind,
    )
    yield _gauge(
        "shushi_search_behind_seconds",
        "How long the oldest of them waits for the index.",
        _since(standing.at, standing.search.behind_since),
    )


def _witnesses(standing: Standing) -> Iterator[Metric]:
    yield _gauge(
        "shushi_witness_quorum_missing_seconds",
        "Since when something signed waits for its quorum; 0 if nothing does.",
        _since(standing.at, standing.unwitnessed_since),
    )
    lag = GaugeMetricFamily(
        "shushi_witness_lag_entries",
        "Signed entries that this witness has not cosigned.",
        labels=("witness",),
    )
    age = GaugeMetricFamily(
        "shushi_witness_cosigned_age_seconds",
        "How long ago this witness cosigned last.",
        labels=("witness",),
    )
    for each in standing.witnesses:
        lag.add_metric((each.name,), standing.progress.signed_size - each.size)
        if each.cosigned_at is not None:
            age.add_metric((each.name,), _since(standing.at, each.cosigned_at))
    yield lag
    yield age


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=float(value))


def _since(now: dt.datetime, at: dt.datetime | None) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
