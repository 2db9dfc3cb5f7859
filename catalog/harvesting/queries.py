"""Read sources and their runs."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.harvesting import store
from catalog.harvesting.model import Run, Source
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx

_RUNS_SHOWN = 20


class SourceAndRuns(msgspec.Struct, frozen=True):
    """A source with what came of it, the newest run first."""

    source: Source
    runs: list[Run]


async def list_sources(tx: Tx, *, viewer: Actor) -> list[SourceAndRuns]:
    """Return all sources with their newest runs.

    :raises NotPermitted: if the viewer may not harvest.
    """
    viewer.require("harvest:manage")
    return [
        SourceAndRuns(source, await store.list_runs(tx, source.id, limit=_RUNS_SHOWN))
        for source in await store.list_sources(tx)
    ]


async def list_due(tx: Tx, *, now: dt.datetime) -> list[str]:
    """Return the codes of sources that are to be read again."""
    return await store.list_due(tx, now=now)
