"""Read what the log owes, once a second in each process (日志积压).

Each metered access asks it. Its query begins at the head of the outbox, which is a queue: between two
vacuums it walks over all entries that have left it, so that asked for by every access it would cost the
more, the more there are. A second is nothing against the two and a half minutes of ``promising``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from catalog.audit_log import queries
from catalog.audit_log.promising import Backlog
from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin

_OLDEST: Final = dt.timedelta(seconds=1)
_ACTOR: Final = system("backlog")


class BacklogReader:
    """Hold what was read last, and when: by the service's clock, and by one that nobody sets."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._held: tuple[Backlog, dt.datetime, float] | None = None

    async def read(self, db: Database, now: dt.datetime) -> Backlog:
        """Return what the log owes, as it was a second ago at most.

        :raises DatabaseUnreachable: if it can not be read.
        """
        async with self._lock:  # one reads, the others take what it found
            tick = asyncio.get_running_loop().time()
            if self._held is not None:
                backlog, read_at, read_tick = self._held
                limit = _OLDEST.total_seconds()
                if abs(now - read_at) < _OLDEST and tick - read_tick < limit:
                    return backlog
            async with begin(db, _ACTOR) as tx:
                backlog = await queries.get_backlog(tx)
            self._held = backlog, now, tick
            return backlog
