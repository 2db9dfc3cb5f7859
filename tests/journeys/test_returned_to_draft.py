"""An upheld objection sends an application back: fresh submission, fresh review, fresh notice (A15)."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import httpx
import pytest

from catalog.kernel.db import Database, begin
from catalog.signing.canonical import canonical
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import MAKER, Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

HAINAN = "hn-2023-interim"
CHANGE = {
    "target": "material:source_proof",
    "problem": "数据由异议人采集",
    "required_action": "补充共同采集的证明",
}


scene = staged(make_scene)


async def answer(scene: Scene, objection: str) -> None:
    must(
        await scene.objection_step(objection, "forwardings", scene.adjudicator, {"receipt": "回执"})
    )
    evidence = await scene.upload(scene.supplier, "采集合同")
    body = {"statement": "数据由我方采集", "evidence_file_ids": [evidence]}
    must(await scene.objection_step(objection, "responses", scene.supplier, body))


async def determine(scene: Scene, objection: str, outcome: str, **said: Any) -> httpx.Response:
    body = {"outcome": outcome, "reasons": "依据双方证据"} | said
    return await scene.objection_step(objection, "determinations", scene.adjudicator, body)


async def accept(scene: Scene, objection: str, *sides: Member) -> None:
    for side in sides:
        must(await scene.objection_step(objection, "acceptances", side, {"accepts": True}))


async def settle(scene: Scene, objection: str, outcome: str, **said: Any) -> None:
    await answer(scene, objection)
    must(await determine(scene, objection, outcome, **said))
    await accept(scene, objection, scene.supplier, scene.objector)


async def open_clocks(scene: Scene, application: str) -> list[str]:
    shown = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", subject_id=application, timer_state="open"
        )
    )
    return sorted(each["timer"]["kind"] for each in shown["items"])


async def go_through_the_review_again(scene: Scene, application: str) -> str:
    must(await scene.accept(application))
    must(await scene.start_review(application))
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))
    must(await scene.decide(application))
    notice = str(must(await scene.publish(application))["id"])
    must(await scene.confirm(notice))
    return notice


async def test_a_returned_application_goes_its_whole_way_once_more(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    before = (await scene.read(application))["application"]
    objection = must(await scene.object_to(notice_id=notice))["id"]
    receipts = must(await scene.by(scene.objector).get("/api/v1/my/notifications"))["items"]
    assert [each["topic"] for each in receipts] == ["objection_received"]
    await scene.pass_notice(notice)

    await settle(scene, objection, "return_to_draft", must_change=[CHANGE])

    back = (await scene.read(application))["application"]
    assert (back["state"], back["must_change"]) == ("draft", [CHANGE])
    assert (back["agency_party_id"], back["technical_reviewer_account_id"]) == (None, None)
    assert back["open_objections"] == 0
    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()
    assert (shown["state"], shown["remark"]) == ("closed", "异议成立，退回重新填报")
    assert await open_clocks(scene, application) == []
    inbox = must(await scene.by(scene.supplier).get("/api/v1/my/notifications"))["items"]
    assert "application_returned_to_draft" in [each["topic"] for each in inbox]

    unchanged = await scene.submit(application)
    must(await scene.hand_in(application, "source_proof", "共同采集的证明"))
    must(await scene.submit(application))

    again = (await scene.read(application))["application"]
    assert (unchanged.status_code, code(unchanged)) == (409, "correction_incomplete")
    assert unchanged.json()["facts"]["items"] == ["material:source_proof"]
    assert again["application_number"] == before["application_number"]
    assert (again["state"], again["must_change"], again["submission_no"]) == ("submitted", [], 2)
    assert again["dossier_sha256"] != before["dossier_sha256"]
    assert await open_clocks(scene, application) == ["acceptance"]

    fresh = await go_through_the_review_again(scene, application)
    assert fresh != notice
    await scene.pass_notice(fresh)
    must(await scene.authorise(application))
    assert (await scene.issue(application)).status_code == 201


async def test_old_opinions_and_an_old_authorisation_count_no_more(scene: Scene) -> None:
    application, notice = await scene.authorised()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await settle(scene, objection, "return_to_draft", must_change=[CHANGE])
    must(await scene.hand_in(application, "source_proof", "共同采集的证明"))
    must(await scene.submit(application))
    must(await scene.accept(application))
    must(await scene.start_review(application))

    undecided = await scene.decide(application)
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))
    must(await scene.decide(application))
    fresh = must(await scene.publish(application))["id"]
    must(await scene.confirm(fresh))
    await scene.pass_notice(fresh)
    unauthorised = await scene.issue(application)
    old_number = await scene.authorise(application)
    must(await scene.authorise(application, authorisation_number="授权〔2026〕002号"))

    assert code(undecided) == "both_opinions_required"
    assert undecided.json()["facts"]["missing"] == ["technical", "compliance"]
    assert code(unauthorised) == "issuance_not_authorised"
    assert code(old_number) == "authorisation_number_used"
    assert (await scene.issue(application)).status_code == 201


async def test_the_agency_of_the_first_review_reads_the_case_no_more(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    file = next(m["file_id"] for m in (await scene.read(application))["materials"] if m["file_id"])

    await settle(scene, objection, "return_to_draft", must_change=[CHANGE])

    agency = scene.by(scene.agency)
    assert (await agency.get(f"/api/v1/applications/{application}")).status_code == 404
    assert (await agency.get(f"/api/v1/files/{file}")).status_code == 404


async def test_the_first_list_after_a_return_may_name_anything(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await settle(scene, objection, "return_to_draft", must_change=[CHANGE])
    must(await scene.hand_in(application, "source_proof", "共同采集的证明"))
    must(await scene.submit(application))
    item = {"target": "material:application_form", "problem": "缺页", "required_action": "补页"}

    first = await scene.accept(application, result="correction_required", items=[item])
    must(await scene.hand_in(application, "application_form", "补页的申请表"))
    must(await scene.resubmit(application))
    other = item | {"target": "material:truth_statement"}
    second = await scene.accept(application, result="correction_required", items=[other])

    assert first.status_code == 201
    assert code(second) == "one_time_notice_violation"


async def test_what_must_change_is_named_and_exists(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await answer(scene, objection)

    unnamed = await determine(scene, objection, "return_to_draft")
    unfit = await determine(scene, objection, "uphold", must_change=[CHANGE])
    unknown = await determine(
        scene, objection, "return_to_draft", must_change=[CHANGE | {"target": "material:songs"}]
    )

    assert [code(each) for each in (unnamed, unfit, unknown)] == [
        "objection_changes_unfit",
        "objection_changes_unfit",
        "correction_target_unknown",
    ]
    assert await scene.state(application) == "in_public_notice"


@pytest.mark.parametrize(("outcome", "state"), [("uphold", "refused"), ("dismiss", "submitted")])
async def test_another_objection_is_decided_while_the_application_goes_its_way_again(
    scene: Scene, db: Database, outcome: str, state: str
) -> None:
    other = await make_member(db, Role.BUYER, now=scene.clock.now())
    application, notice = await scene.in_notice()
    first = must(await scene.object_to(notice_id=notice))["id"]
    second = must(await scene.object_to(notice_id=notice, who=other))["id"]
    await settle(scene, first, "return_to_draft", must_change=[CHANGE])
    must(await scene.hand_in(application, "source_proof", "共同采集的证明"))
    must(await scene.submit(application))
    assert (await scene.read(application))["application"]["open_objections"] == 1

    await answer(scene, second)
    must(await determine(scene, second, outcome))
    await accept(scene, second, scene.supplier, other)

    found = (await scene.read(application))["application"]
    assert (found["state"], found["open_objections"]) == (state, 0)


async def test_a_second_objection_may_ask_for_other_changes(scene: Scene, db: Database) -> None:
    other = await make_member(db, Role.BUYER, now=scene.clock.now())
    application, notice = await scene.in_notice()
    first = must(await scene.object_to(notice_id=notice))["id"]
    second = must(await scene.object_to(notice_id=notice, who=other))["id"]
    await settle(scene, first, "return_to_draft", must_change=[CHANGE])
    owners = CHANGE | {"target": "form:owners"}

    await answer(scene, second)
    must(await determine(scene, second, "return_to_draft", must_change=[owners]))
    await accept(scene, second, scene.supplier, other)

    found = (await scene.read(application))["application"]
    assert [each["target"] for each in found["must_change"]] == [
        "material:source_proof",
        "form:owners",
    ]


async def test_a_withdrawn_application_does_not_come_back(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await answer(scene, objection)
    must(await determine(scene, objection, "return_to_draft", must_change=[CHANGE]))
    await accept(scene, objection, scene.supplier)
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/withdrawals", {"reason": "不再办理"}
        )
    )

    await accept(scene, objection, scene.objector)

    assert await scene.state(application) == "withdrawn"


async def test_an_objection_keeps_the_rules_of_the_case_that_it_is_about(scene: Scene) -> None:
    _, notice = await scene.in_notice()  # filed on 2 March, under fifteen working days
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN}/settings",
            {
                "name": "objection_determination",
                "value": {"length": 5, "unit": "working_days"},
                "effective_from": "2026-03-03",
                "reason": "试行",
            },
        )
    )
    await scene.move_past(dt.date(2026, 3, 3))
    objection = must(await scene.object_to(notice_id=notice))
    await answer(scene, objection["id"])

    clocks = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="objection_determination", subject_id=objection["id"]
        )
    )["items"]

    assert (objection["rulebook"], objection["ruled_on"]) == (HAINAN, "2026-03-02")
    assert clocks[0]["timer"]["due_on"] == "2026-03-25"  # fifteen working days from 4 March


async def test_corrections_move_no_case_under_other_rules(scene: Scene) -> None:
    application = await scene.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    listed = must(await scene.accept(application, result="correction_required", items=[item]))
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN}/settings",
            {
                "name": "correction_window",
                "value": {"length": 30, "unit": "days"},
                "effective_from": "2026-03-03",
                "reason": "试行",
            },
        )
    )
    await scene.move_past(dt.date(2026, 3, 3))
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    must(await scene.resubmit(application))

    again = must(await scene.accept(application, result="correction_required", items=[item]))

    assert (listed["correct_by"], again["correct_by"]) == (None, None)
    assert (await scene.read(application))["application"]["filed_on"] == "2026-03-02"


async def test_the_digest_of_a_correction_list_is_in_the_log(scene: Scene, db: Database) -> None:
    application = await scene.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}

    listed = must(await scene.accept(application, result="correction_required", items=[item]))

    async with begin(db, MAKER) as tx:
        leaf = await tx.fetch_value(
            "SELECT convert_from(leaf, 'UTF8') FROM audit_log.waiting"
            " WHERE convert_from(leaf, 'UTF8') LIKE '%correction:required%'"
        )
    digest = hashlib.sha256(canonical(listed["items"])).hexdigest()
    assert '"correction_list"' in leaf
    assert digest in leaf
