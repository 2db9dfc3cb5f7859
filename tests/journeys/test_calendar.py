"""The calendar and what is due, through HTTP; without the rest of the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send

from catalog.kernel.actor import PUBLIC, Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.model import Timer
from market.http import calendar as door
from market.http import timers as timers_door
from market.http.context import Context
from market.http.problem import HANDLERS
from market.settings import Settings
from tests import contract

NOTICE = {
    "year": 2027,
    "notice_number": "国办发明电〔2026〕0号",
    "issued_on": "2026-11-25",
    "holidays": ["2027-01-01", "2027-01-02", "2027-01-03"],
    "workdays": [],
}


def acting_as(actor: Actor) -> Callable[[ASGIApp], ASGIApp]:
    def around(app: ASGIApp) -> ASGIApp:
        async def act(scope: Scope, receive: Receive, send: Send) -> None:
            scope["user"] = actor
            await app(scope, receive, send)

        return act

    return around


def make_client(
    db: Database, clock: ManualClock, settings: Settings, actor: Actor
) -> httpx.AsyncClient:
    wiring = Context(
        settings=settings,
        clock=clock,
        db=db,
        signers={},
        log_signer=None,
        checkpoint_journal=None,
        channels={},
    )
    app: Any = Litestar(
        [door.get_calendar, door.load_calendar_year, timers_door.list_timers],
        exception_handlers=HANDLERS,
        state=State({"context": wiring}),
        middleware=[acting_as(actor)],
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://testserver",
        event_hooks=contract.HOOKS,
    )


@pytest.fixture
async def regulator(
    db: Database, clock: ManualClock, settings: Settings, almighty: Actor
) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(db, clock, settings, almighty) as opened:
        yield opened


@pytest.fixture
async def anyone(
    db: Database, clock: ManualClock, settings: Settings
) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(db, clock, settings, PUBLIC) as opened:
        yield opened


async def start_notice(db: Database, actor: Actor, calendar: Calendar, now: dt.datetime) -> Timer:
    async with begin(db, actor) as tx:
        return await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind="public_notice",
            subject_kind="application",
            subject_id=new_id(),
            against="supermarket_operator",
            rulebook=HAINAN_2023.code,
            period=HAINAN_2023.public_notice,
            started_on=dt.date(2026, 12, 28),
        )


async def load(client: httpx.AsyncClient, body: object, key: str) -> httpx.Response:
    return await client.post("/api/v1/calendar-years", json=body, headers={"idempotency-key": key})


async def test_anyone_reads_the_notices(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/api/v1/calendar")

    assert answer.status_code == 200
    assert [(each["year"], each["notice_number"]) for each in answer.json()["years"]] == [
        (2024, "国办发明电〔2023〕7号"),
        (2025, "国办发明电〔2024〕12号"),
        (2026, "国办发明电〔2025〕7号"),
    ]
    assert answer.json()["count"] is None


async def test_a_count_is_explained_day_by_day(anyone: httpx.AsyncClient) -> None:
    query = {"start": "2026-02-13", "working_days": "3"}

    count = (await anyone.get("/api/v1/calendar", params=query)).json()["count"]

    assert (count["last_day"], count["provisional"]) == ("2026-02-25", False)
    assert [each["day"] for each in count["days"] if each["counted"]] == [
        "2026-02-14",
        "2026-02-24",
        "2026-02-25",
    ]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"start": "9999-12-31"}, 422, "calendar_start_out_of_range"),
        ({"start": "tomorrow"}, 400, "parameter_invalid"),
        ({"start": "2026-01-01", "working_days": "0"}, 400, "parameter_invalid"),
        ({"start": "2026-01-01", "working_days": "367"}, 400, "parameter_invalid"),
    ],
)
async def test_a_count_that_makes_no_sense_is_refused(
    anyone: httpx.AsyncClient, query: dict[str, str], status: int, code: str
) -> None:
    answer = await anyone.get("/api/v1/calendar", params=query)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_loaded_notice_makes_final_what_was_provisional(
    regulator: httpx.AsyncClient,
    db: Database,
    almighty: Actor,
    calendar: Calendar,
    clock: ManualClock,
) -> None:
    timer = await start_notice(db, almighty, calendar, clock.now())
    before = (await regulator.get("/api/v1/timers", params={"provisional": "true"})).json()

    answer = await load(regulator, NOTICE, "first")

    assert (answer.status_code, answer.json()["moved_timer_count"]) == (201, 1)
    after = (await regulator.get("/api/v1/timers", params={"timer_state": "open"})).json()
    assert [each["timer"]["due_on"] for each in before["items"]] == ["2027-01-06"]
    assert [each["timer"]["id"] for each in after["items"]] == [str(timer.id)]
    assert [each["timer"]["due_on"] for each in after["items"]] == ["2027-01-07"]
    assert not after["items"][0]["timer"]["provisional"]


@pytest.mark.parametrize(
    ("today", "urgency", "left", "late"),
    [
        (dt.date(2026, 12, 28), "not_yet_due", 7, 0),
        (dt.date(2027, 1, 5), "due_soon", 1, 0),
        (dt.date(2027, 1, 7), "overdue", 0, 1),
        (dt.date(2027, 1, 14), "badly_overdue", 0, 6),
    ],
)
async def test_a_timer_tells_how_much_it_presses(
    *,
    regulator: httpx.AsyncClient,
    db: Database,
    almighty: Actor,
    calendar: Calendar,
    clock: ManualClock,
    today: dt.date,
    urgency: str,
    left: int,
    late: int,
) -> None:
    await start_notice(db, almighty, calendar, clock.now())
    clock.move_to(dt.datetime.combine(today, dt.time(9), SHANGHAI))

    (item,) = (await regulator.get("/api/v1/timers")).json()["items"]

    assert (item["urgency"], item["working_days_left"], item["working_days_late"]) == (
        urgency,
        left,
        late,
    )


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 409, "calendar_notice_already_loaded"),
        ({"year": 2029}, 422, "calendar_day_outside_year"),
        ({"workdays": ["2027-01-04"]}, 422, "calendar_workday_not_weekend"),
        ({"workdays": ["2027-01-02"]}, 422, "calendar_day_contradictory"),
        ({"holidays": []}, 422, "calendar_year_empty"),
        ({"year": 1999}, 422, "body_invalid"),
        ({"issued_by": "me"}, 422, "body_invalid"),
    ],
)
async def test_a_notice_that_can_not_be_one_is_refused(
    regulator: httpx.AsyncClient, change: dict[str, object], status: int, code: str
) -> None:
    await load(regulator, NOTICE, "first")

    answer = await load(regulator, NOTICE | change, "second")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_public_may_neither_load_a_notice_nor_see_what_is_due(
    anyone: httpx.AsyncClient,
) -> None:
    refused = await load(anyone, NOTICE, "first")
    hidden = await anyone.get("/api/v1/timers")

    assert (refused.status_code, hidden.status_code) == (403, 403)
