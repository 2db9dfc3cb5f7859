"""Who is told what while a registration goes its way, and what moves when a year becomes known.

Each of these was found by the model of the law (``tests/campaigns/test_register_model.py``).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalog.kernel.local_time import SHANGHAI, end_of_day
from tests.makers_identity import Member
from tests.makers_registration import MATERIALS, Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


async def inbox(scene: Scene, who: Member) -> list[str]:
    listed = must(await scene.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in listed["items"]]


async def send_back(scene: Scene, application: str, to: str) -> None:
    body = {"to": to, "reason": "请复核来源证明"}
    path = f"/api/v1/applications/{application}/issuance-returns"
    must(await scene.by(scene.regulator).post(path, body))


async def awaiting(scene: Scene) -> str:
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    return application


async def test_an_applicant_is_told_of_its_notice_of_its_end_and_of_the_certificate(
    scene: Scene,
) -> None:
    await scene.certified()

    told = await inbox(scene, scene.supplier)
    assert told[:3] == ["certificate_issued", "notice_ended", "notice_posted"]


async def test_both_sides_are_told_when_a_notice_ends_with_an_objection_open(scene: Scene) -> None:
    _, notice = await scene.in_notice()
    must(await scene.object_to(notice_id=notice))

    await scene.pass_notice(notice)

    assert "notice_ended" in await inbox(scene, scene.supplier)
    assert await inbox(scene, scene.objector) == ["notice_ended", "objection_received"]


async def test_nobody_who_took_its_objection_back_is_told_of_the_end_of_the_notice(
    scene: Scene,
) -> None:
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    must(await scene.objection_step(objection, "withdrawals", scene.objector, {"reason": "协商"}))

    await scene.pass_notice(notice)

    assert await inbox(scene, scene.objector) == ["objection_closed", "objection_received"]


async def test_an_applicant_is_told_that_the_bureau_sent_its_case_back(scene: Scene) -> None:
    application = await awaiting(scene)

    await send_back(scene, application, "in_public_notice")

    assert (await inbox(scene, scene.supplier))[0] == "issuance_returned"


async def test_the_agency_is_told_that_a_case_of_its_was_withdrawn(scene: Scene) -> None:
    application = await scene.under_review()

    path = f"/api/v1/applications/{application}/withdrawals"
    must(await scene.by(scene.supplier).post(path, {"reason": "自愿"}))

    assert (await inbox(scene, scene.agency))[0] == "application_withdrawn"


async def upheld(scene: Scene, objection: str) -> None:
    """Let both sides agree that an objection is right."""
    step = scene.objection_step
    must(await step(objection, "forwardings", scene.adjudicator, {"receipt": "挂号信"}))
    files = [await scene.upload(scene.supplier, "合同")]
    answer = {"statement": "说明", "evidence_file_ids": files}
    must(await step(objection, "responses", scene.supplier, answer))
    outcome = {"outcome": "uphold", "reasons": "证据充分"}
    must(await step(objection, "determinations", scene.adjudicator, outcome))
    for side in (scene.objector, scene.supplier):
        must(await step(objection, "acceptances", side, {"accepts": True}))


async def test_an_applicant_is_told_of_a_refusal_that_an_objection_brought_about(
    scene: Scene,
) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]

    await upheld(scene, objection)

    assert await scene.state(application) == "refused"
    assert "registration_refused" in await inbox(scene, scene.supplier)


async def disputed_in_review(scene: Scene) -> tuple[str, str]:
    """Return a case that the bureau sent back to the review, and an objection to it."""
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await send_back(scene, application, "under_review")
    return application, str(objection)


async def test_an_objection_to_a_case_that_is_reviewed_again_can_be_taken_back(
    scene: Scene,
) -> None:
    application, objection = await disputed_in_review(scene)

    must(await scene.objection_step(objection, "withdrawals", scene.objector, {"reason": "协商"}))

    assert await scene.state(application) == "under_review"
    must(await scene.decide(application))


async def test_an_objection_to_a_case_that_is_reviewed_again_can_be_upheld(scene: Scene) -> None:
    application, objection = await disputed_in_review(scene)

    await upheld(scene, objection)

    assert await scene.state(application) == "refused"


async def test_a_list_of_corrections_can_be_notified_after_they_came_in(scene: Scene) -> None:
    application = await scene.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await scene.accept(application, result="correction_required", items=[item]))
    must(await scene.hand_in(application, "source_proof", "盖章"))
    must(await scene.resubmit(application))

    path = f"/api/v1/applications/{application}/decision-notifications"
    must(await scene.by(scene.acceptor).post(path, {"channel": "letter", "receipt": "回执"}))


async def test_one_file_may_be_handed_in_for_two_materials(scene: Scene) -> None:
    application = must(await scene.draft())["id"]
    file_id = await scene.upload(scene.supplier, "全部材料")
    for kind in MATERIALS:
        path = f"/api/v1/applications/{application}/materials/{kind}"
        must(await scene.by(scene.supplier).put(path, {"file_id": file_id}))
    must(await scene.waive(application, "authorisation_channel_proof", "全部来源为自有"))
    must(await scene.submit(application))
    must(await scene.accept(application))

    must(await scene.start_review(application))


# ── a year becomes known ────────────────────────────────────────────────────────────────────


async def load_2027(scene: Scene, *, off: list[str], on: list[str]) -> None:
    body = {
        "year": 2027,
        "notice_number": "国办发明电〔2026〕0号",
        "issued_on": "2026-12-01",
        "holidays": ["2027-01-01", *off],
        "workdays": on,
    }
    must(await scene.by(scene.regulator).post("/api/v1/calendar-years", body))


async def to(scene: Scene, *day: int) -> None:
    scene.clock.move_to(dt.datetime(*day, 9, tzinfo=SHANGHAI))  # type: ignore[misc]
    await scene.sign_in_again()


async def shown(scene: Scene, notice: str) -> dict[str, Any]:
    return dict((await scene.api.get(f"/api/v1/notices/{notice}")).json())


async def test_a_notice_shows_its_last_day_as_soon_as_the_year_is_known(scene: Scene) -> None:
    await to(scene, 2026, 12, 24)
    _, notice = await scene.in_notice()
    assert (await shown(scene, notice))["provisional"]

    await load_2027(scene, off=[], on=[])

    after = await shown(scene, notice)
    assert (after["ends_on"], after["provisional"]) == ("2027-01-05", False)


async def test_a_notice_is_longer_if_the_next_year_takes_a_day_of_december(scene: Scene) -> None:
    await to(scene, 2026, 12, 21)
    _, notice = await scene.in_notice()
    assert (await shown(scene, notice))["ends_on"] == "2026-12-30"

    await load_2027(scene, off=["2026-12-30"], on=[])

    assert (await shown(scene, notice))["ends_on"] == "2026-12-31"


async def test_a_registrant_is_silent_from_the_day_that_the_new_year_gives(scene: Scene) -> None:
    await to(scene, 2026, 12, 26)
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    forwarding = {"receipt": "挂号信"}
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, forwarding))
    # Seven days lead to Saturday 2 January, which a notice may make a working day.
    await load_2027(scene, off=[], on=["2027-01-02"])

    scene.clock.move_to(end_of_day(dt.date(2027, 1, 2)))
    await scene.api.run_jobs()
    await scene.sign_in_again()

    found = must(await scene.by(scene.adjudicator).get(f"/api/v1/objections/{objection}"))
    assert (found["state"], found["no_response"]) == ("under_determination", True)
