"""What waits for someone, the most pressing first, and why it is due on that day."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.local_time import SHANGHAI
from tests.api import code
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

UNKNOWN = "01890000-0000-7000-8000-000000000000"


scene = staged(make_scene)


async def move_to(scene: Scene, day: str) -> None:
    scene.clock.move_to(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(9), SHANGHAI))
    await scene.sign_in_again()


@pytest.mark.parametrize(
    ("day", "head"),
    [
        ("2026-03-02", "not_yet_due"),
        ("2026-03-04", "due_soon"),
        ("2026-03-06", "overdue"),
        ("2026-03-16", "badly_overdue"),
    ],
)
async def test_a_submitted_case_waits_for_the_operator_under_its_number(
    scene: Scene, day: str, head: str
) -> None:
    application = await scene.submitted()
    await move_to(scene, day)

    queue = must(
        await scene.by(scene.acceptor).get(
            "/api/v1/work-queue", against="supermarket_operator", kind="acceptance"
        )
    )

    (line,) = queue["items"]
    shown = await scene.read(application)
    assert line["case_number"] == shown["application"]["application_number"]
    assert line["title"] == "港口作业气象风险指数"
    assert (line["timer"]["due_on"], line["pressing"]["urgency"]) == (
        "2026-03-05",
        head,
    )
    assert {each["urgency"]: each["count"] for each in queue["heads"]} == {
        "badly_overdue": 0,
        "overdue": 0,
        "due_soon": 0,
        "not_yet_due": 0,
    } | {head: 1}


async def test_one_head_is_asked_for_and_the_others_are_still_counted(scene: Scene) -> None:
    await scene.submitted()

    queue = must(
        await scene.by(scene.acceptor).get("/api/v1/work-queue", kind="acceptance", head="overdue")
    )

    assert queue["items"] == []
    assert [each["count"] for each in queue["heads"]] == [0, 0, 0, 1]


async def test_a_party_counts_and_sees_only_what_it_owes_itself(scene: Scene) -> None:
    await scene.submitted()

    queue = must(await scene.by(scene.supplier).get("/api/v1/work-queue"))

    assert queue["items"] == []
    assert sum(each["count"] for each in queue["heads"]) == 0


async def test_pages_follow_each_other_and_a_cursor_belongs_to_its_queue(scene: Scene) -> None:
    by = scene.by(scene.issuer)
    await scene.submitted()

    first = must(await by.get("/api/v1/work-queue", limit=1))
    second = must(await by.get("/api/v1/work-queue", limit=1, cursor=first["next_cursor"]))
    elsewhere = await by.get("/api/v1/work-queue", head="overdue", cursor=first["next_cursor"])

    ends = [page["items"][0]["timer"]["ends_at"] for page in (first, second)]
    assert ends == sorted(ends)
    assert first["items"] != second["items"]
    assert (elsewhere.status_code, code(elsewhere)) == (400, "cursor_unreadable")


async def test_a_last_day_is_explained_day_by_day_with_the_notice_that_settles_it(
    scene: Scene,
) -> None:
    await scene.submitted()
    (line,) = must(await scene.by(scene.acceptor).get("/api/v1/work-queue", kind="acceptance"))[
        "items"
    ]

    told = must(
        await scene.by(scene.acceptor).get(f"/api/v1/timers/{line['timer']['id']}/explanation")
    )

    assert told["counted_from"] == "2026-03-02"
    assert [(each["day"], each["counted"]) for each in told["days"]] == [
        ("2026-03-03", 1),
        ("2026-03-04", 2),
        ("2026-03-05", 3),
    ]
    assert told["notice_numbers"] == ["国办发明电〔2025〕7号"]
    assert told["timer"]["period"]["source"] == "HN-10"


async def test_a_foreign_timer_and_an_unknown_one_are_explained_to_nobody(scene: Scene) -> None:
    await scene.submitted()
    (line,) = must(await scene.by(scene.acceptor).get("/api/v1/work-queue", kind="acceptance"))[
        "items"
    ]

    foreign = await scene.by(scene.objector).get(
        f"/api/v1/timers/{line['timer']['id']}/explanation"
    )
    unknown = await scene.by(scene.acceptor).get(f"/api/v1/timers/{UNKNOWN}/explanation")

    assert [(each.status_code, code(each)) for each in (foreign, unknown)] == [
        (404, "not_found"),
        (404, "not_found"),
    ]
