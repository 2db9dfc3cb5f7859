"""Read timers and the working-day calendar."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.kernel.workdays import Calendar
from catalog.timers import store
from catalog.timers.model import DueFilter, Load, Timer
from catalog.timers.urgency import Span, Urgency

_POSITION_LENGTH: Final = 2


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
    wanted = _allowed(viewer, wanted)
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


async def list_run_out(tx: Tx, *, kind: str, now: dt.datetime, limit: int = 100) -> list[uuid.UUID]:
    """Return what the timers of a kind that ran out are about, the longest over first.

    Only for good: a last day in a year whose notice is unknown ends nothing (A5).
    """
    return await store.list_run_out(tx, kind=kind, now=now, limit=limit)


async def get(tx: Tx, *, viewer: Actor, timer_id: uuid.UUID) -> Timer:
    """Return one timer, if it is the viewer's to see.

    :raises NotPermitted: if the viewer may not read timers.
    :raises Missing: if there is none, or it runs against another party.
    """
    wanted = _allowed(viewer, DueFilter())
    timer = await store.find(tx, timer_id)
    if timer is None or wanted.party_id not in (None, timer.party_id):
        raise Missing
    return timer


async def count_due(
    tx: Tx, *, viewer: Actor, wanted: DueFilter, heads: Mapping[Urgency, Span]
) -> dict[Urgency, Load]:
    """Return how much of what runs stands under each head; of ``wanted``, who, whose and what.

    :raises NotPermitted: if the viewer may not read timers, or has no party whose they could be.
    """
    wanted = _allowed(viewer, wanted)
    in_order = sorted(heads, key=lambda head: heads[head].due_from or dt.date.min)
    counted = await store.count_running(
        tx,
        against=wanted.against,
        kind=wanted.kind,
        party_id=wanted.party_id,
        bounds=[day for head in in_order if (day := heads[head].due_from) is not None],
    )
    return {head: Load(*counted.get(i, (0, 0))) for i, head in enumerate(in_order)}


def _allowed(viewer: Actor, wanted: DueFilter) -> DueFilter:
    viewer.require("timer:read")
    if viewer.sees_all:
        return wanted
    return msgspec.structs.replace(wanted, party_id=viewer.party)


def _after(position: list[Any] | None) -> tuple[dt.datetime, uuid.UUID] | None:
    if position is None:
        return None
    try:
        return dt.datetime.fromisoformat(position[0]), uuid.UUID(position[1])
    except (TypeError, ValueError, AttributeError) as error:
        raise CursorUnreadable from error
