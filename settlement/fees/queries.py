"""Read fee schedules: everybody those that were decided, who works with them the others too."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from settlement.fees import store
from settlement.fees.model import FeeSchedule


class FeeScheduleMissing(Missing):
    """There is no such fee schedule, or none is in force on that day."""


async def find_in_force(tx: Tx, *, on: dt.date) -> FeeSchedule | None:
    """Return the schedule in force on a day, or None."""
    row = await tx.fetch_one(
        store.SELECT
        + """
         WHERE state IN ('decided', 'ended') AND effective_from <= $1
           AND (effective_to IS NULL OR effective_to >= $1)""",
        on,
    )
    return None if row is None else store.schedule_of(row)


async def get_in_force(tx: Tx, *, on: dt.date) -> FeeSchedule:
    """Return the schedule in force on a day.

    :raises FeeScheduleMissing: if none is.
    """
    found = await find_in_force(tx, on=on)
    if found is None:
        raise FeeScheduleMissing
    return found


async def list_decided(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[FeeSchedule]:
    """Return a page of the schedules that were decided, newest first."""
    return await _list(tx, is_decided=True, limit=limit, cursor=cursor)


async def list_proposals(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[FeeSchedule]:
    """Return a page of the schedules that were proposed and not decided, newest first.

    :raises NotPermitted: if the viewer has no part in it.
    """
    viewer.require("fee_schedule:read")
    return await _list(tx, is_decided=False, limit=limit, cursor=cursor)


async def _list(tx: Tx, *, is_decided: bool, limit: int, cursor: str | None) -> Page[FeeSchedule]:
    query = paging.fingerprint("fee_schedules", str(is_decided))
    after: uuid.UUID | None = paging.decode_id(query, cursor)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE (state IN ('decided', 'ended')) = $1 AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        is_decided,
        after,
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.schedule_of(row) for row in rows], limit)
