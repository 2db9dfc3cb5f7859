"""Show what is due (期限), why it is due on that day, and what waits for someone (待办)."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar, count_working_days
from catalog.timers import queries
from catalog.timers.explaining import Explanation, explain_timer
from catalog.timers.model import DueFilter, Timer
from catalog.timers.states import State
from catalog.timers.urgency import Urgency, urgency
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.workbench import queries as workbench
from market.workbench.model import QueueFilter, WorkQueue


class DueTimer(msgspec.Struct, frozen=True):
    """A timer, how much it presses, and by how many working days.

    One that ended is measured on the day on which it did.
    """

    timer: Timer
    urgency: Urgency
    working_days_left: int
    working_days_late: int


@get("/api/v1/timers", summary="What is due", tags=["calendar"], opt=answers(Page[DueTimer]))
async def list_timers(
    request: AnyRequest,
    *,
    against: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    subject_kind: FromQuery[str | None] = None,
    subject_id: FromQuery[UUID | None] = None,
    timer_state: FromQuery[State | None] = None,
    provisional: FromQuery[bool | None] = None,
    was_overdue: FromQuery[bool | None] = None,
    due_through: FromQuery[dt.date | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what runs against someone, what ends first coming first (HN-05 whole-process).

    What ended is shown with ``timer_state``, or with ``was_overdue``: all that was ever overdue.
    """
    wanted = DueFilter(
        against=against,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        state=timer_state,
        provisional=provisional,
        was_overdue=was_overdue,
        due_through=due_through,
    )

    async def look(c: Command) -> Page[DueTimer]:
        page = await queries.list_due(
            c.tx, viewer=c.actor, wanted=wanted, limit=limit, cursor=cursor
        )
        today, calendar = local_date(c.now), await c.calendar()
        return Page([_due(timer, today, calendar) for timer in page.items], page.next_cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/timers/{timer_id:uuid}/explanation",
    summary="Why it is due on that day",
    tags=["calendar"],
    opt=answers(Explanation),
)
async def explain_one(request: AnyRequest, timer_id: FromPath[UUID]) -> Response[bytes]:
    """List every day from the start to the last day, counted or not, and the notice that says so.

    Who may see the timer may see why; of an unknown one and of a foreign one nothing is told.
    """

    async def look(c: Command) -> Explanation:
        timer = await queries.get(c.tx, viewer=c.actor, timer_id=timer_id)
        return explain_timer(timer, await c.calendar())

    return answer(await read(request, look))


@get(
    "/api/v1/work-queue",
    summary="What waits, the most pressing first",
    tags=["calendar"],
    opt=answers(WorkQueue),
)
async def get_work_queue(
    request: AnyRequest,
    *,
    against: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    head: FromQuery[Urgency | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the heads 严重超期, 已超期, 即将到期, 未到期 with their counts, and a page of lines."""
    wanted = QueueFilter(against=against, kind=kind, urgency=head)

    async def look(c: Command) -> WorkQueue:
        return await workbench.queue(
            c.tx,
            viewer=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            wanted=wanted,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


def _due(timer: Timer, today: dt.date, calendar: Calendar) -> DueTimer:
    if timer.ended_at is not None:
        today = local_date(timer.ended_at)
    return DueTimer(
        timer=timer,
        urgency=urgency(timer.due_on, today=today, calendar=calendar),
        working_days_left=count_working_days(today, timer.due_on, calendar),
        working_days_late=count_working_days(timer.due_on, today, calendar),
    )
