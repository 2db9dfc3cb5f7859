"""An objection reaches the registrant, and the seven days run from the day on which that is proven (A40)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from catalog.timers import queries as timers
from catalog.timers.operations import load_calendar_year
from tests.api import code
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


async def forwarded(scene: Scene) -> str:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, {}))
    return objection


async def shown(scene: Scene, objection: str) -> dict[str, Any]:
    return must(await scene.by(scene.adjudicator).get(f"/api/v1/objections/{objection}"))


async def open_message(scene: Scene) -> None:
    (message,) = [
        each
        for each in must(await scene.by(scene.supplier).get("/api/v1/my/notifications"))["items"]
        if each["topic"] == "objection_forwarded"
    ]
    must(await scene.by(scene.supplier).post(f"/api/v1/my/notifications/{message['id']}/openings"))


async def test_the_seven_days_run_from_the_reading_and_not_before(scene: Scene) -> None:
    objection = await forwarded(scene)
    await scene.api.run_jobs()
    before = await shown(scene, objection)
    await scene.move_past(dt.date(2026, 3, 15))
    await scene.sign_in_again()
    await open_message(scene)

    await scene.api.run_jobs()

    after = await shown(scene, objection)
    assert (before["response_started_on"], before["response_due_on"]) == (None, None)
    # Read on Monday, 16 March: seven days end on the 23rd.
    assert (after["response_started_on"], after["response_due_on"]) == ("2026-03-16", "2026-03-23")


async def test_both_sides_see_the_last_day_that_a_later_notice_of_the_year_has_moved(
    scene: Scene, db: Database
) -> None:
    objection = await forwarded(scene)
    await scene.move_past(dt.date(2026, 3, 15))
    await scene.sign_in_again()
    await open_message(scene)
    await scene.api.run_jobs()
    loader = system("test", "calendar:load")
    async with begin(db, loader) as tx:
        known = (await timers.get_calendar(tx)).years[2026]
        moved = msgspec.structs.replace(
            known,
            notice_number="国办发明电〔2026〕90号",
            issued_on=dt.date(2026, 3, 16),
            holidays=known.holidays | {dt.date(2026, 3, 23)},
        )
        await load_calendar_year(tx, actor=loader, table=moved, now=scene.clock.now())

    after = await shown(scene, objection)
    (own,) = must(await scene.by(scene.objector).get("/api/v1/objections"))["items"]

    assert after["response_due_on"] == own["response_due_on"] == "2026-03-24"
    assert after["response_started_on"] == "2026-03-16"


async def test_nobody_is_silent_to_what_was_not_received(scene: Scene) -> None:
    objection = await forwarded(scene)
    await scene.move_past(dt.date(2026, 6, 1))

    await scene.api.run_jobs()
    await scene.sign_in_again()

    assert (await shown(scene, objection))["state"] == "awaiting_response"


async def test_whoever_answers_has_received_it(scene: Scene) -> None:
    objection = await forwarded(scene)
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }

    answered = must(await scene.objection_step(objection, "responses", scene.supplier, answer))

    assert answered["state"] == "under_determination"
    assert answered["response"]["is_late"] is False
    assert answered["response_started_on"] == scene.today()


async def test_a_receipt_of_the_operators_own_starts_the_days_at_once(scene: Scene) -> None:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])

    empty = await scene.objection_step(
        objection, "forwardings", scene.adjudicator, {"receipt": " "}
    )
    done = must(
        await scene.objection_step(
            objection, "forwardings", scene.adjudicator, {"receipt": "EMS 1234567890"}
        )
    )

    assert code(empty) == "objection_receipt_missing"
    assert done["response_started_on"] == scene.today()


async def test_the_registrant_does_not_know_of_an_objection_before_it_is_forwarded(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])
    path = f"/api/v1/objections/{objection}"

    before = await scene.by(scene.supplier).get(path)
    listed = must(await scene.by(scene.supplier).get("/api/v1/objections"))
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, {}))
    after = await scene.by(scene.supplier).get(path)

    assert (before.status_code, code(before)) == (404, "not_found")
    assert listed["items"] == []
    assert after.status_code == 200


async def test_secrets_of_the_objector_are_shown_by_their_digest_only(scene: Scene) -> None:
    _, number = await scene.certified()
    open_file, secret = [
        await scene.upload(scene.objector, text) for text in ("公开证据", "商业秘密")
    ]
    body = {
        "certificate_number": number,
        "interest_statement": "数据由我方采集",
        "grounds": ["ownership"],
        "evidence_file_ids": [open_file, secret],
        "confidential_file_ids": [secret],
    }
    objection = must(await scene.by(scene.objector).post("/api/v1/objections", body))["id"]
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, {}))

    seen = must(await scene.by(scene.supplier).get(f"/api/v1/objections/{objection}"))

    names = {each["file_id"]: each["file_name"] for each in seen["evidence"]}
    assert (names[open_file], names[secret]) == ("材料.pdf", "")
    assert all(each["sha256"] for each in seen["evidence"])
    read = scene.by(scene.supplier)
    assert (await read.get(f"/api/v1/files/{open_file}")).status_code == 200
    assert (await read.get(f"/api/v1/files/{secret}")).status_code == 404


async def test_both_sides_are_told_of_each_step(scene: Scene) -> None:
    objection = await forwarded(scene)
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    decided = {"outcome": "keep", "reasons": "证据不足"}
    must(await scene.objection_step(objection, "determinations", scene.adjudicator, decided))
    refuses = {"accepts": False}
    must(await scene.objection_step(objection, "acceptances", scene.objector, refuses))

    told = {}
    for name, who in (("objector", scene.objector), ("registrant", scene.supplier)):
        listed = must(await scene.by(who).get("/api/v1/my/notifications"))["items"]
        told[name] = [e["topic"] for e in listed if e["topic"].startswith("objection_")]

    assert told == {
        "objector": [
            "objection_unresolved",
            "objection_determined",
            "objection_answered",
            "objection_received",
        ],
        "registrant": ["objection_unresolved", "objection_determined", "objection_forwarded"],
    }
