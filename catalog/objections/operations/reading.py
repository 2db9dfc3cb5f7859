"""Read an objection, and remember it when it is not one's own (查阅留痕, HN-26, HN-28, A49)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.objections import queries
from catalog.objections.model import Objection


async def open_file(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID
) -> Objection:
    """Return one objection, as far as the actor sees it.

    :raises NotPermitted: if the actor reads no objections.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, objection_id=objection_id)
    case = await queries.case_of(tx, found)
    await case_access.remember_reading(
        tx,
        actor=actor,
        now=now,
        case=case,
        seen=await case_access_queries.sight(tx, viewer=actor, case=case),
        part="objection",
    )
    return found
