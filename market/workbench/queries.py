"""Read the queue (待办): one page of running timers, how the cases are called, and the counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar, count_working_days
from catalog.timers import queries as timers
from catalog.timers.model import DueFilter, Timer, TimerId
from catalog.timers.urgency import Span, spans, urgency
from market.workbench.model import (
    CaseName,
    Pressing,
    QueueFilter,
    QueueHead,
    QueueItem,
    WorkQueue,
)

_NAMES: Final = """
    SELECT t.id,
           coalesce(a.application_number, g.change_number, c.contract_number, s.selection_number,
                    CASE WHEN r.id IS NOT NULL THEN r.year || ' Q' || r.quarter END) AS number,
           coalesce(p.name, s.title) AS title
      FROM catalog.timers t
      LEFT JOIN catalog.objections o ON t.subject_kind = 'objection' AND o.id = t.subject_id
      LEFT JOIN catalog.applications a
             ON a.id = CASE t.subject_kind WHEN 'application' THEN t.subject_id
                                           WHEN 'objection' THEN o.application_id END
      LEFT JOIN catalog.changes g ON t.subject_kind = 'change' AND g.id = t.subject_id
      LEFT JOIN catalog.products p ON p.id = coalesce(a.product_id, g.product_id)
      LEFT JOIN catalog.agency_contracts c
             ON t.subject_kind = 'agency_contract' AND c.id = t.subject_id
      LEFT JOIN catalog.agency_selections s
             ON t.subject_kind = 'agency_selection' AND s.id = t.subject_id
      LEFT JOIN market.quarterly_reports r ON t.subject_kind = 'report' AND r.id = t.subject_id
     WHERE t.id = ANY($1::uuid[])"""


async def queue(
    tx: Tx,
    *,
    viewer: Actor,
    now: dt.datetime,
    calendar: Calendar,
    wanted: QueueFilter,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> WorkQueue:
    """Return the heads of a queue and a page of its lines, what ends first coming first.

    :raises NotPermitted: if the viewer may not read timers, or has no party whose they could be.
    :raises CursorUnreadable: if the cursor is of another queue.
    """
    today = local_date(now)
    heads = spans(today=today, calendar=calendar)
    span = Span(None, None) if wanted.urgency is None else heads[wanted.urgency]
    due = DueFilter(
        against=wanted.against,
        kind=wanted.kind,
        due_from=span.due_from,
        due_through=span.due_through,
    )
    page = await timers.list_due(tx, viewer=viewer, wanted=due, limit=limit, cursor=cursor)
    loads = await timers.count_due(tx, viewer=viewer, wanted=due, heads=heads)
    names = await _names(tx, [timer.id for timer in page.items])
    # Many lines share a last day, and a count walks every day up to it.
    pressing = {
        due_on: _pressing(due_on, today, calendar)
        for due_on in {timer.due_on for timer in page.items}
    }
    return WorkQueue(
        today=today,
        heads=tuple(
            QueueHead(
                urgency=head,
                count=load.count,
                provisional_count=load.provisional_count,
                due_from=heads[head].due_from,
                due_through=heads[head].due_through,
            )
            for head, load in loads.items()
        ),
        items=tuple(_item(timer, names[timer.id], pressing[timer.due_on]) for timer in page.items),
        next_cursor=page.next_cursor,
    )


async def _names(tx: Tx, timer_ids: Sequence[TimerId]) -> dict[TimerId, CaseName]:
    rows = await tx.fetch(_NAMES, timer_ids)
    named = [CaseName(TimerId(row["id"]), row["number"], row["title"]) for row in rows]
    return {name.timer_id: name for name in named}


def _pressing(due_on: dt.date, today: dt.date, calendar: Calendar) -> Pressing:
    return Pressing(
        urgency=urgency(due_on, today=today, calendar=calendar),
        working_days_left=count_working_days(today, due_on, calendar),
        working_days_late=count_working_days(due_on, today, calendar),
    )


def _item(timer: Timer, name: CaseName, pressing: Pressing) -> QueueItem:
    return QueueItem(timer=timer, pressing=pressing, case_number=name.number, title=name.title)
