"""Show the working-day calendar (工作日历); take in a yearly notice."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from catalog.kernel.errors import Invalid
from catalog.kernel.workdays import (
    Calendar,
    Step,
    YearTable,
    add_working_days,
    explain,
)
from catalog.registration.operations import notice as notices
from catalog.timers import operations as timers
from catalog.timers import queries as calendars
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest

_FIRST_YEAR, _LAST_YEAR = 1949, 2200
_PUBLIC_FOR_A_MINUTE = "public, max-age=60"


class CalendarStartOutOfRange(Invalid):
    """The day to count from lies before any notice, or too far off to mean anything."""

    code = "calendar_start_out_of_range"


class LoadCalendarYear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice of the State Council (节假日安排): the days off, the weekend days worked."""

    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]
    notice_number: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    issued_on: dt.date
    holidays: Annotated[frozenset[dt.date], msgspec.Meta(max_length=366)]
    workdays: Annotated[frozenset[dt.date], msgspec.Meta(max_length=366)]


class LoadedCalendarYear(msgspec.Struct, frozen=True):
    """The notice as it was loaded, and how many timers it moved."""

    year: int
    notice_number: str
    moved_timer_count: int


class Notice(msgspec.Struct, frozen=True):
    """A year's notice, its days in order."""

    year: int
    notice_number: str
    issued_on: dt.date
    holidays: list[dt.date]
    workdays: list[dt.date]


class Count(msgspec.Struct, frozen=True):
    """A count of working days, every day of it told: counted or skipped, why, by which notice."""

    start: dt.date
    working_days: int
    last_day: dt.date
    provisional: bool
    days: list[Step]


class CalendarDocument(msgspec.Struct, frozen=True):
    """The notices known, and a count if one was asked for."""

    years: list[Notice]
    count: Count | None


@get(
    "/api/v1/calendar",
    summary="The working-day calendar",
    tags=["calendar"],
    opt=answers(CalendarDocument, refusals=(422,)),
)
async def get_calendar(
    request: AnyRequest,
    start: FromQuery[dt.date | None] = None,
    working_days: Annotated[int, QueryParameter(ge=1, le=366)] = 1,
) -> Response[bytes]:
    """Return the notices known; with ``start``, count ``working_days`` from it and explain each."""

    async def look(c: Command) -> CalendarDocument:
        calendar = await c.calendar()
        count = None if start is None else _count(start, working_days, calendar)
        return CalendarDocument([_notice(calendar.years[y]) for y in sorted(calendar.years)], count)

    return answer(await read(request, look), cache=_PUBLIC_FOR_A_MINUTE)


@post(
    "/api/v1/calendar-years",
    summary="Load a yearly notice",
    tags=["calendar"],
    opt=creates(LoadedCalendarYear),
)
async def load_calendar_year(
    request: AnyRequest, data: JSONBody[LoadCalendarYear]
) -> Response[bytes]:
    """Load a notice and compute what was provisional again (RULES §11.2, A5)."""

    async def act(c: Command) -> Answer:
        table = YearTable(
            year=data.year,
            notice_number=data.notice_number,
            issued_on=data.issued_on,
            holidays=data.holidays,
            workdays=data.workdays,
        )
        moved = await timers.load_calendar_year(c.tx, actor=c.actor, table=table, now=c.now)
        await notices.follow_calendar(c.tx, calendar=await calendars.get_calendar(c.tx))
        loaded = LoadedCalendarYear(data.year, data.notice_number, len(moved))
        return created(loaded, "/api/v1/calendar")

    return await command(request, act)


def _notice(table: YearTable) -> Notice:
    return Notice(
        year=table.year,
        notice_number=table.notice_number,
        issued_on=table.issued_on,
        holidays=sorted(table.holidays),
        workdays=sorted(table.workdays),
    )


def _count(start: dt.date, working_days: int, calendar: Calendar) -> Count:
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise CalendarStartOutOfRange(first_year=_FIRST_YEAR, last_year=_LAST_YEAR)
    last_day, provisional = add_working_days(start, working_days, calendar)
    return Count(start, working_days, last_day, provisional, explain(start, working_days, calendar))
