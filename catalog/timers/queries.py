"""Read timers and the working-day calendar."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.kernel.workdays import Calendar
from catalog.timers import store
from catalog.timers.model import DueFilter, Timer

_POSITION_LENGTH: Final = 2
_SEES_ALL: Final = frozenset({Clearance.STAFF, Clearance.REGULATOR, Clearance.SYSTEM})


async def get_calendar(tx: Tx) -> Calendar:
    """Return the working-day calendar (工作日历) of all the notices loaded. Public."""
    return Calendar({table.year: table for table in await store.list_calendar_years(tx)})


async def list_for_subject(tx: Tx, *, subject_kind: str, subject_id: uuid.UUID) -> list[Timer]:
    """Return all timers of one case, for a caller that may see the case (it has asked already)."""
    return await store.list_for_subject(tx, subject_kind, subject_id)


async def list_due(
    tx: Tx,
    *,
    viewer: Actor,
    wanted: DueFilter = DueFilter(),  # noqa: B008 - frozen
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Timer]:
    """Return a page of what runs against someone, what ends first coming first.

    What ended is shown too if its state is named, or if all that was ever overdue is asked for.

    The operator's staff and the regulator see all (HN-05), anyone else what runs against their
    own party.

    :raises NotPermitted: if the viewer may not read timers, or has no party whose they could be.
    """
    viewer.require("timer:read")
    if viewer.clearance not in _SEES_ALL:
        wanted = msgspec.structs.replace(wanted, party_id=viewer.party)
    query = paging.fingerprint("timers", wanted)
    found = await store.list_wanted(
        tx,
        wanted,
        after=_after(paging.decode(query, cursor, _POSITION_LENGTH)),
        limit=paging.check_limit(limit) + 1,
    )
    if len(found) <= limit:
        return Page(found)
    last = found[limit - 1]
    return Page(found[:limit], paging.encode(query, last.ends_at.isoformat(), str(last.id)))


def _after(position: list[Any] | None) -> tuple[dt.datetime, uuid.UUID] | None:
    if position is None:
        return None
    try:
        return dt.datetime.fromisoformat(position[0]), uuid.UUID(position[1])
    except (TypeError, ValueError, AttributeError) as error:
        raise CursorUnreadable from error
