"""Index the log as it grows, and search it; a search that shows payloads is an entry itself."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.log_search import queries, store
from catalog.log_search.model import FoundPage, Wanted
from catalog.log_search.reach import Reach

BATCH: Final = 5_000


async def index(tx: Tx, *, limit: int = BATCH) -> int:
    """Index the next entries of the log; return how many there were.

    With the sequencer's role, in a transaction of its own. One at a time: the others wait.
    """
    start = await store.lock_size(tx)
    return await store.index(tx, start, limit)


async def search(
    tx: Tx, *, actor: Actor, now: dt.datetime, wanted: Wanted, cursor: str | None, limit: int
) -> FoundPage:
    """Return a page of what was looked for; remember it, if the actor reads more than its own.

    :raises NotPermitted: if the actor may not search.
    :raises Missing: if the thing asked for is not the actor's, and it may not search everything.
    :raises ActionUnknown: if there is no such action.
    :raises CursorUnreadable: if the cursor is not of this search.
    """
    page = await queries.search(tx, viewer=actor, wanted=wanted, cursor=cursor, limit=limit)
    if await queries.reach_in(tx, viewer=actor) is not Reach.OWN:
        await audit_log.append(
            tx,
            Event.AUDIT_READ,
            actor=actor,
            now=now,
            subjects=(),
            facts={"wanted": wanted, "entries": [found.id for found in page.items]},
        )
    return page
