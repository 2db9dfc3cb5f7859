"""Read the queue (待办): one page of running timers, how the cases are called, and the counts."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar, working_days_to
from catalog.timers import queries as timers
from catalog.timers.model import DueFilter, Timer
from catalog.timers.urgency import Span, Urgency, spans
from market.workbench.model import (
    CaseName,
    Pressing,
    QueueFilter,
    QueueHead,
    QueueItem,
    WorkQueue,
)

# How the cases of each kind are called; only what stands on a page is looked up.
_NAMES: Final = {
    "application": """
        SELECT a.id, a.application_number AS number, p.name AS title
          FROM catalog.applications a LEFT JOIN catalog.products p ON p.id = a.product_id
         WHERE a.id = ANY($1::uuid[])""",
    "objection": """
        SELECT o.id, a.application_number AS number, p.name AS title
          FROM catalog.objections o
          LEFT JOIN catalog.applications a ON a.id = o.application_id
          LEFT JOIN catalog.products p ON p.id = a.product_id
         WHERE o.id = ANY($1::uuid[])""",
    "change": """
        SELECT g.id, g.change_number AS number, p.name AS title
          FROM catalog.changes g LEFT JOIN catalog.products p ON p.id = g.product_id
         WHERE g.id = ANY($1::uuid[])""",
    "agency_contract": """
        SELECT id, contract_number AS number, NULL AS title
          FROM catalog.agency_contracts WHERE id = ANY($1::uuid[])""",
    "agency_evaluation": """
        SELECT e.id, c.contract_number AS number, NULL AS title
          FROM catalog.agency_evaluations e
          JOIN catalog.agency_contracts c ON c.id = e.contract_id
         WHERE e.id = ANY($1::uuid[])""",
    "agency_selection": """
        SELECT id, selection_number AS number, title
          FROM catalog.agency_selections WHERE id = ANY($1::uuid[])""",
    "spot_check_finding": """
        SELECT f.id, a.application_number AS number, p.name AS title
          FROM market.spot_check_findings f
          LEFT JOIN catalog.applications a ON a.id = f.application_id
          LEFT JOIN catalog.products p ON p.id = a.product_id
         WHERE f.id = ANY($1::uuid[])""",
    "operator": """
        SELECT id, NULL AS number, name AS title FROM market.parties WHERE id = ANY($1::uuid[])""",
    "usage_account": """
        SELECT id, number, product_name AS title FROM market.orders WHERE id = ANY($1::uuid[])""",
    "listing": """
        SELECT l.id, NULL AS number, p.name AS title
          FROM market.listings l LEFT JOIN catalog.products p ON p.id = l.product_id
         WHERE l.id = ANY($1::uuid[])""",
    "filing": """
        SELECT id, filing_number AS number, product_name AS title
          FROM market.pricing_filings WHERE id = ANY($1::uuid[])""",
    "data_demand": """
        SELECT id, NULL AS number, title FROM market.data_demands WHERE id = ANY($1::uuid[])""",
    "demand_post": """
        SELECT id, NULL AS number, asked ->> 'title' AS title FROM market.demand_posts
         WHERE id = ANY($1::uuid[])""",
    "complaint": """
        SELECT id, number, NULL AS title FROM market.complaints WHERE id = ANY($1::uuid[])""",
    "open_plan": """
        SELECT id, year::text AS number, title FROM market.open_plans
         WHERE id = ANY($1::uuid[])""",
    "report": """
        SELECT id, year || ' Q' || quarter AS number, NULL AS title
          FROM market.quarterly_reports WHERE id = ANY($1::uuid[])""",
}
_NAMELESS: Final = CaseName(None, None)


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
    await tx.plan_once()
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
    names = await _names(tx, page.items)
    # Many lines share a last day; the days up to all of them are walked once.
    days = working_days_to({timer.due_on for timer in page.items}, today, calendar)
    pressing = {due_on: _pressing(due_on, left, heads) for due_on, left in days.items()}
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
        items=tuple(
            _item(timer, names.get(timer.subject_id, _NAMELESS), pressing[timer.due_on])
            for timer in page.items
        ),
        next_cursor=page.next_cursor,
    )


async def _names(tx: Tx, timers: Sequence[Timer]) -> dict[uuid.UUID, CaseName]:
    cases: dict[str, set[uuid.UUID]] = {}
    for timer in timers:
        cases.setdefault(timer.subject_kind, set()).add(timer.subject_id)
    found = {}
    for kind in sorted(cases.keys() & _NAMES.keys()):
        for row in await tx.fetch(_NAMES[kind], list(cases[kind])):
            found[row["id"]] = CaseName(row["number"], row["title"])
    return found


def _pressing(due_on: dt.date, left: int, heads: dict[Urgency, Span]) -> Pressing:
    return Pressing(
        urgency=next(head for head, span in heads.items() if span.holds(due_on)),
        working_days_left=max(left, 0),
        working_days_late=max(-left, 0),
    )


def _item(timer: Timer, name: CaseName, pressing: Pressing) -> QueueItem:
    return QueueItem(timer=timer, pressing=pressing, case_number=name.number, title=name.title)
