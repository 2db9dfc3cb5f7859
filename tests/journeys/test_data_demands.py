"""Demands for open data: handed in by anybody, joined, answered in time, never shown in clear (GD-08)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from market.data_demands import answering
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member

PATH = "/api/v1/data-demands"
ASKED = {
    "title": "想要逐小时降水",
    "text": "我是张三，做农业保险，需要近五年逐小时降水。",
    "contact": "13800138000",
}
DECLINED = {
    "outcome": "declined",
    "title": "逐小时降水数据",
    "text": "站点数据尚未完成质量控制，暂不开放。",
    "department": "省气象局",
}
HTML = {"accept": "text/html"}


@pytest.fixture
async def bureau(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.REGULATOR, now=clock.now())


async def hand_in(api: Api, **changes: Any) -> dict[str, Any]:
    answer = await api.post(PATH, ASKED | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def look_up(api: Api, secret: str) -> dict[str, Any]:
    answer = await api.post("/api/v1/data-demand-lookups", {"secret": secret})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_anybody_asks_and_looks_the_answer_up_and_nobody_reads_who_asked(
    api: Api, db: Database, clock: ManualClock, bureau: Member
) -> None:
    receipt = await hand_in(api)
    office = api.as_(bureau.token)
    assert receipt["answer_due_on"] == "2026-03-16"  # ten working days after 2 March
    assert (await look_up(api, receipt["secret"]))["state"] == "received"

    answered = await office.post(f"{PATH}/{receipt['id']}/answers", DECLINED)
    assert answered.status_code == 200, answered.text
    told = await look_up(api, receipt["secret"])
    public = (await api.get("/api/v1/data-demand-answers")).text
    page = (await api.http.get("/data-demands", headers=HTML)).text

    assert (told["state"], told["answer"]["outcome"]) == ("answered", "declined")
    for shown in (public, page):
        assert "站点数据尚未完成质量控制" in shown
        assert "张三" not in shown
        assert "13800138000" not in shown
    stranger = await make_member(db, Role.BUYER, now=clock.now())
    assert (await api.as_(stranger.token).get(PATH)).status_code == 403
    assert (await office.get(PATH)).json()["items"][0]["contact"] == "13800138000"
    assert len(await office.find_in_log(action="record:read")) == 1
    wrong = await api.post("/api/v1/data-demand-lookups", {"secret": "guessed"})
    assert wrong.status_code == 404


async def test_demands_for_the_same_thing_are_answered_together(
    api: Api, db: Database, clock: ManualClock, bureau: Member
) -> None:
    buyer = await make_member(db, Role.BUYER, now=clock.now())
    first, second = await hand_in(api), await hand_in(api.as_(buyer.token), title="降水")
    third = await hand_in(api)
    office = api.as_(bureau.token)

    joined = await office.post(f"{PATH}/{second['id']}/joinings", {"into": first["id"]})
    chained = await office.post(f"{PATH}/{third['id']}/joinings", {"into": second["id"]})
    itself = await office.post(f"{PATH}/{first['id']}/joinings", {"into": first["id"]})
    unknown = await office.post(f"{PATH}/{first['id']}/joinings", {"into": str(uuid.uuid4())})
    assert joined.json()["state"] == "joined"
    assert code(chained) == "data_demand_event_not_allowed"
    assert [itself.status_code, unknown.status_code] == [404, 404]

    await office.post(f"{PATH}/{first['id']}/answers", DECLINED)
    later = await office.post(f"{PATH}/{third['id']}/joinings", {"into": first["id"]})
    assert later.status_code == 200, later.text
    for secret in (first["secret"], second["secret"], third["secret"]):
        assert (await look_up(api, secret))["answer"]["asked_times"] == 3
    again = await office.post(f"{PATH}/{second['id']}/answers", DECLINED)
    assert code(again) == "data_demand_event_not_allowed"
    assert (await office.post(f"{PATH}/{uuid.uuid4()}/answers", DECLINED)).status_code == 404


async def test_an_answer_names_the_plans_promise_and_leads_to_what_keeps_it(
    api: Api, bureau: Member
) -> None:
    office = api.as_(bureau.token)
    plan = {
        "title": "2026年公共数据开放计划",
        "items": [
            {
                "department": "省气象局",
                "title": "逐小时降水",
                "field": "meteorology",
                "due_quarter": 3,
            }
        ],
    }
    draft = (await office.put("/api/v1/open-plans/2026", plan)).json()
    item = draft["items"][0]["id"]
    path = f"{PATH}/{(await hand_in(api))['id']}/answers"
    planned = DECLINED | {"outcome": "planned", "plan_item_id": item}

    unpublished = await office.post(path, planned)
    await office.post("/api/v1/open-plans/2026/publications")
    closed = DECLINED | {"outcome": "open_already", "product_id": str(uuid.uuid4())}
    not_open = await office.post(path, closed)
    personal = await office.post(path, planned | {"text": "已回电 13800138000"})
    answered = await office.post(path, planned)

    assert [code(unpublished), code(not_open)] == ["data_demand_answer_unfounded"] * 2
    assert code(personal) == "data_demand_answer_personal"
    assert (answered.json()["plan_year"], answered.json()["plan_item_title"]) == (
        2026,
        "逐小时降水",
    )
    assert "/open-plans/2026" in (await api.http.get("/data-demands", headers=HTML)).text


async def test_what_is_not_answered_in_time_is_overdue_and_still_answered(
    api: Api, clock: ManualClock, bureau: Member
) -> None:
    receipt = await hand_in(api)
    clock.move_to(dt.datetime(2026, 3, 17, 9, tzinfo=SHANGHAI))
    assert (await api.run_jobs())["deadlines_due"] == 1

    member = await make_member(api.context.db, Role.REGULATOR, now=clock.now(), party=bureau.party)
    office = api.as_(member.token)
    late = (await office.get("/api/v1/timers", kind="data_demand")).json()["items"]
    assert [each["timer"]["state"] for each in late] == ["overdue"]
    assert (await office.post(f"{PATH}/{receipt['id']}/answers", DECLINED)).status_code == 200


async def test_a_flood_from_nobody_is_stopped_and_the_same_request_is_taken_once(
    api: Api, db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_UNNAMED_A_DAY", 2)
    buyer = await make_member(db, Role.BUYER, now=clock.now())
    first = await api.post(PATH, ASKED, key="the-same")
    second = await api.post(PATH, ASKED, key="the-same")
    assert (first.status_code, second.status_code) == (201, 409)

    await hand_in(api)
    full = await api.post(PATH, ASKED)
    assert code(full) == "data_demand_box_full"
    await hand_in(api.as_(buyer.token))


async def test_the_database_keeps_demands_and_answers_as_they_may_be(
    api: Api, bureau: Member, owner_dsn: str
) -> None:
    receipt = await hand_in(api)
    await api.as_(bureau.token).post(f"{PATH}/{receipt['id']}/answers", DECLINED)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, match in (
            ("UPDATE market.data_demands SET title = 'x'", "nothing was remembered"),
            (
                "UPDATE market.data_demands SET state = 'joined', answered_at = NULL",
                "joined_to_another",
            ),
            ("UPDATE market.data_demand_answers SET outcome = 'planned'", "rests_on"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=match):
                await connection.execute(statement)
    finally:
        await connection.close()
