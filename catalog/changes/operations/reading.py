"""Read a change, and remember it when it is not one's own (查阅留痕, HN-26, HN-28, A49)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.changes import duties, queries
from catalog.changes.model import ChangeFile
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx


async def open_file(tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID) -> ChangeFile:
    """Return a change with all that belongs to it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, change_id=change_id)
    case = duties.case_of(found.change)
    await case_access.remember_reading(
        tx,
        actor=actor,
        now=now,
        case=case,
        seen=await case_access_queries.sight(tx, viewer=actor, case=case),
        part="change",
    )
    return found
