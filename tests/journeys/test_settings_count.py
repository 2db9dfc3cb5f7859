"""Each value that may be set moves the deadline or the step that it governs, and only from its day on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from catalog.notices.channel import Standing
from catalog.registration.operations import interruption
from market.supervision import queries as reports
from market.supervision.operations import generation
from tests.api import code
from tests.makers_changes import make_changing
from tests.makers_identity import MAKER
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

HAINAN = "hn-2023-interim"


scene = staged(make_scene)


def days(length: int, unit: str = "working_days") -> dict[str, Any]:
    return {"length": length, "unit": unit}


async def set_value(scene: Scene, name: str, value: Any) -> None:
    """Set an open value of the rulebook, and go to the day from which it counts: 3 March."""
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN}/settings",
            {"name": name, "value": value, "effective_from": "2026-03-03", "reason": "试行"},
        )
    )
    await scene.move_past(dt.date(2026, 3, 2))


async def clock_of(scene: Scene, kind: str, **wanted: Any) -> dict[str, Any]:
    found = must(await scene.by(scene.regulator).get("/api/v1/timers", kind=kind, **wanted))
    (only,) = found["items"]
    return dict(only["timer"])


async def forwarded(scene: Scene) -> str:
    """Return an objection whose registrant has answered."""
    _, notice = await scene.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    must(
        await scene.objection_step(
            objection, "forwardings", scene.adjudicator, {"receipt": "EMS 1"}
        )
    )
    file = await scene.upload(scene.supplier, "佐证")
    must(
        await scene.objection_step(
            objection,
            "responses",
            scene.supplier,
            {"statement": "来源合法", "evidence_file_ids": [file]},
        )
    )
    return objection


async def determined(scene: Scene) -> str:
    objection = await forwarded(scene)
    must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": "dismiss", "reasons": "证据不足"},
        )
    )
    return objection


@pytest.mark.parametrize(("value", "due_on"), [(None, "2026-03-24"), (days(5), "2026-03-10")])
async def test_how_long_a_determination_may_take(
    scene: Scene, value: dict[str, Any] | None, due_on: str
) -> None:
    if value is None:
        await scene.move_past(dt.date(2026, 3, 2))
    else:
        await set_value(scene, "objection_determination", value)

    await forwarded(scene)

    assert (await clock_of(scene, "objection_determination"))["due_on"] == due_on


async def test_how_long_both_sides_may_take_to_accept(scene: Scene) -> None:
    await set_value(scene, "objection_acceptance", days(4))

    await determined(scene)

    assert (await clock_of(scene, "objection_acceptance"))["due_on"] == "2026-03-09"


async def test_how_long_the_objector_may_take_to_go_to_court(scene: Scene) -> None:
    await set_value(scene, "objection_proceedings", days(60, "days"))
    objection = await determined(scene)

    must(await scene.objection_step(objection, "acceptances", scene.objector, {"accepts": False}))

    assert (await clock_of(scene, "objection_proceedings"))["due_on"] == "2026-05-06"


async def test_the_issue_has_a_clock_once_it_is_given_days(scene: Scene) -> None:
    await set_value(scene, "issuing", days(3))
    application, _ = await scene.authorised()
    clock = await clock_of(scene, "issuing")

    must(await scene.issue(application))

    assert (clock["started_on"], clock["due_on"]) == ("2026-03-13", "2026-03-18")
    assert (await clock_of(scene, "issuing", timer_state="met"))["subject_id"] == application


async def test_an_issue_without_days_of_its_own_has_no_clock(scene: Scene) -> None:
    await scene.authorised()

    found = must(await scene.by(scene.regulator).get("/api/v1/timers", kind="issuing"))

    assert found["items"] == []


@pytest.mark.parametrize(("allowed", "extended_by"), [(None, 2), (days(2), 0)])
async def test_how_long_a_channel_may_be_away_before_the_notice_grows(
    scene: Scene,
    db: Database,
    calendar: Calendar,
    allowed: dict[str, Any] | None,
    extended_by: int,
) -> None:
    if allowed is None:
        await scene.move_past(dt.date(2026, 3, 2))
    else:
        await set_value(scene, "notice_interruption", allowed)
    _, notice = await scene.in_notice()
    watcher = system("test", "notice:watch")
    for day, standing in ((4, Standing.DOWN), (6, Standing.UP)):
        async with begin(db, watcher) as tx:
            await interruption.record_check(
                tx,
                actor=watcher,
                now=dt.datetime(2026, 3, day, 9, tzinfo=SHANGHAI),
                calendar=calendar,
                notice_id=notice,  # type: ignore[arg-type]
                standings={"authority_website": standing},
            )

    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()

    assert shown["extended_by"] == extended_by


async def test_the_reviews_run_side_by_side_where_that_is_set(scene: Scene) -> None:
    first = await scene.under_review()
    in_turn = await scene.compliance_opinion(first)
    scene.product_id = await scene.describe(name="另一产品")
    await set_value(scene, "reviews_run_in_parallel", value=True)
    second = await scene.under_review()

    at_once = await scene.compliance_opinion(second)

    assert code(in_turn) == "technical_opinion_first"
    assert at_once.status_code == 201
    # The first case finishes under the rules of its day.
    assert code(await scene.compliance_opinion(first)) == "technical_opinion_first"


async def test_how_soon_a_change_is_prompt(scene: Scene) -> None:
    changing = await make_changing(scene)
    await scene.move_past(dt.date(2026, 3, 16))
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN}/settings",
            {
                "name": "promptly",
                "value": days(3),
                "effective_from": "2026-03-18",
                "reason": "试行",
            },
        )
    )
    await scene.move_past(dt.date(2026, 3, 17))

    change = must(await changing.draft(occurred_on="2026-03-17"))

    assert change["prompt_until"] == "2026-03-20"


async def test_when_the_quarterly_report_is_due(
    scene: Scene, db: Database, calendar: Calendar
) -> None:
    await set_value(scene, "quarterly_report", days(5))
    job = system("reports_due", "report:open")
    async with begin(db, job) as tx:
        await generation.open_due(
            tx, actor=job, now=dt.datetime(2026, 4, 1, 9, tzinfo=SHANGHAI), calendar=calendar
        )

    async with begin(db, MAKER) as tx:
        clock = await tx.fetch_one(
            "SELECT due_on FROM catalog.timers WHERE kind = $1", reports.TIMER
        )

    # From 31 March: 1, 2, 3 April, then 7 and 8 after Qingming.
    assert clock is not None
    assert clock["due_on"] == dt.date(2026, 4, 8)


async def test_what_was_set_can_not_be_emptied_even_by_the_owner(
    scene: Scene, owner_dsn: str
) -> None:
    await set_value(scene, "promptly", days(5))
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("TRUNCATE catalog.rulebook_settings")
    finally:
        await connection.close()
