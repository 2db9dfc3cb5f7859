"""The yearly plan of opening public data: written, published, kept, postponed, late (GD-08, D18)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from catalog.products.model import SharingType
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description

PATH = "/api/v1/open-plans/2026"
HTML = {"accept": "text/html"}
DRAFT = {
    "title": "2026年公共数据开放计划",
    "text": "优先开放气象、科研、交通数据。",
    "items": [
        {"department": "省统计局", "title": "行业统计", "field": "other", "due_quarter": 1},
        {"department": "省气象局", "title": "逐小时降水", "field": "meteorology", "due_quarter": 2},
    ],
}


@pytest.fixture
async def bureau(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.REGULATOR, now=clock.now())


async def published(api: Api, bureau: Member) -> dict[str, Any]:
    office = api.as_(bureau.token)
    written = await office.put(PATH, DRAFT)
    assert written.status_code == 200, written.text
    answer = await office.post(f"{PATH}/publications")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def open_product(api: Api, db: Database, clock: ManualClock) -> str:
    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())
    mine = api.as_(supplier.token)
    said = make_description(sharing_type=SharingType.UNCONDITIONAL)
    product = (await mine.post("/api/v1/products", msgspec.to_builtins(said))).json()["id"]
    file = (await mine.upload(b"a,b\n1,2\n", "a.csv", "text/csv")).json()["id"]
    await mine.post(f"/api/v1/products/{product}/contents", {"file_id": file})
    asked = {"product_id": product, "licence": "CC0-1.0"}
    opening = (await mine.post("/api/v1/openings", asked)).json()["id"]
    done = await api.as_(acceptor.token).post(
        f"/api/v1/openings/{opening}/decisions", {"is_confirmed": True, "reason": "可以"}
    )
    assert done.status_code == 200, done.text
    return str(product)


async def test_a_plan_is_the_authoritys_until_it_is_published_and_priority_fields_come_first(
    api: Api, bureau: Member
) -> None:
    office = api.as_(bureau.token)
    empty = await office.put(PATH, DRAFT | {"items": []})
    nothing = await office.post(f"{PATH}/publications")
    early = await office.post(f"{PATH}/items", DRAFT["items"][0])

    assert empty.json()["items"] == []
    assert code(nothing) == "open_plan_empty"
    assert early.status_code == 404
    assert (await api.get(PATH)).status_code == 404
    assert (await api.get("/api/v1/open-plans")).json() == []

    await published(api, bureau)
    told = (await api.get(PATH)).json()
    page = (await api.http.get("/open-plans/2026", headers=HTML)).text

    assert [item["title"] for item in told["items"]] == ["逐小时降水", "行业统计"]
    assert page.index("逐小时降水") < page.index("行业统计")
    assert "2026年公共数据开放计划" in (await api.http.get("/open-plans", headers=HTML)).text
    for again in (await office.put(PATH, DRAFT), await office.post(f"{PATH}/publications")):
        assert code(again) == "open_plan_published"
    for year in (1999, 2025, 2101):
        assert (await api.get(f"/api/v1/open-plans/{year}")).status_code == 404
        assert (await api.http.get(f"/open-plans/{year}", headers=HTML)).status_code == 404


async def test_a_promise_is_kept_by_what_is_open_and_by_nothing_else(
    api: Api, db: Database, clock: ManualClock, bureau: Member
) -> None:
    file = await published(api, bureau)
    office, item = api.as_(bureau.token), file["items"][0]["id"]
    path = f"/api/v1/open-plan-items/{item}"
    product = await open_product(api, db, clock)

    closed = await office.post(f"{path}/openings", {"product_id": str(uuid.uuid4())})
    kept = await office.post(f"{path}/openings", {"product_id": product})
    twice = await office.post(f"{path}/openings", {"product_id": product})
    late = await office.post(
        f"{path}/postponements", {"due_year": 2027, "due_quarter": 1, "reason": "太晚"}
    )
    unknown = await office.post(
        f"/api/v1/open-plan-items/{uuid.uuid4()}/openings", {"product_id": product}
    )

    assert code(closed) == "open_plan_product_not_open"
    assert (kept.json()["state"], kept.json()["product_id"]) == ("opened", product)
    assert [code(twice), code(late)] == ["open_plan_item_event_not_allowed"] * 2
    assert unknown.status_code == 404
    progress = (await api.get(PATH)).json()["progress"]
    assert [(p["department"], p["opened"]) for p in progress] == [("省气象局", 1), ("省统计局", 0)]


async def test_what_is_late_is_shown_and_told_once_for_each_last_day(
    api: Api, clock: ManualClock, bureau: Member
) -> None:
    file = await published(api, bureau)
    statistics = file["items"][1]["id"]
    assert (await api.run_jobs())["open_plans_due"] == 0

    clock.move_to(dt.datetime(2026, 4, 1, 0, 0, 1, tzinfo=SHANGHAI))
    assert (await api.run_jobs())["open_plans_due"] == 1
    assert (await api.run_jobs())["open_plans_due"] == 0
    told = (await api.get(PATH)).json()
    assert [item["is_overdue"] for item in told["items"]] == [False, True]
    assert "已逾期" in (await api.http.get("/open-plans/2026", headers=HTML)).text

    bureau = await _again(api, bureau)
    office, path = api.as_(bureau.token), f"/api/v1/open-plan-items/{statistics}/postponements"
    until = {"due_year": 2026, "due_quarter": 2, "reason": "口径待统一"}
    backwards = await office.post(path, until | {"due_quarter": 1})
    postponed = await office.post(path, until)
    assert code(backwards) == "open_plan_postponed_backwards"
    assert postponed.json()["state"] == "postponed"
    assert (await api.run_jobs())["open_plans_due"] == 0

    clock.move_to(dt.datetime(2026, 7, 1, 0, 0, 1, tzinfo=SHANGHAI))
    assert (await api.run_jobs())["open_plans_due"] == 2


async def _again(api: Api, member: Member) -> Member:
    """Return another account of the same house, whose session began now."""
    return await make_member(
        api.context.db, Role.REGULATOR, now=api.clock.now(), party=member.party
    )


async def test_publishing_a_plan_starts_the_clock_of_the_next_and_the_next_meets_it(
    api: Api, clock: ManualClock, bureau: Member
) -> None:
    await published(api, bureau)
    office = api.as_(bureau.token)

    (found,) = (await office.get("/api/v1/timers", kind="open_plan")).json()["items"]
    timer = found["timer"]
    assert (timer["due_on"], timer["against"]) == ("2027-03-31", "authority")
    drafts = (await office.get("/api/v1/open-plans")).json()
    assert [(plan["year"], plan["published_at"] is None) for plan in drafts] == [
        (2027, True),
        (2026, False),
    ]

    clock.move_to(dt.datetime(2027, 3, 1, 9, tzinfo=SHANGHAI))
    office = api.as_((await _again(api, bureau)).token)
    following = "/api/v1/open-plans/2027"
    written = await office.put(following, DRAFT | {"title": "2027年公共数据开放计划"})
    assert written.status_code == 200, written.text
    assert (await office.post(f"{following}/publications")).status_code == 200
    (running,) = (await office.get("/api/v1/timers", kind="open_plan")).json()["items"]
    assert running["timer"]["due_on"] == "2028-03-31"


async def test_a_published_plan_grows_and_nobody_else_writes_it(
    api: Api, db: Database, clock: ManualClock, bureau: Member, owner_dsn: str
) -> None:
    await published(api, bureau)
    more = {
        "department": "省交通运输厅",
        "title": "公交到站",
        "field": "transport",
        "due_quarter": 4,
    }

    grown = await api.as_(bureau.token).post(f"{PATH}/items", more)
    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    other = await api.as_(supplier.token).post(f"{PATH}/items", more)

    assert [item["title"] for item in grown.json()["items"]] == [
        "逐小时降水",
        "公交到站",
        "行业统计",
    ]
    assert other.status_code == 403
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, match in (
            ("UPDATE market.open_plan_items SET title = 'x'", "nothing was remembered"),
            ("UPDATE market.open_plan_items SET state = 'opened'", "opened_by_a_product"),
            ("UPDATE market.open_plan_items SET due_quarter = 5", "quarter_of_a_year"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=match):
                await connection.execute(statement)
    finally:
        await connection.close()
