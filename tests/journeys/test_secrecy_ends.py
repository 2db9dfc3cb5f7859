"""Whoever handled a case reads it no more when it is over; a spot check is read under the same rule."""

from __future__ import annotations

import uuid

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.journeys import test_spot_checks as checking
from tests.journeys.test_secrecy import entries, files_of, look
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


async def sees(scene: Scene, application: str, *who: Member) -> list[int]:
    return [(await look(scene, each, application)).status_code for each in who]


async def test_when_the_certificate_is_issued_one_person_keeps_the_file(scene: Scene) -> None:
    application, _ = await scene.authorised()
    four = (scene.acceptor, scene.technical, scene.adjudicator, scene.issuer)
    (file, *_) = await files_of(scene, application)
    await scene.take(application, scene.issuer, "issuance")

    before = await sees(scene, application, *four)
    must(await scene.issue(application))
    after = await sees(scene, application, *four)
    files = [
        (await scene.by(each).get(f"/api/v1/files/{file}/content")).status_code for each in four
    ]
    again = await scene.take(application, scene.technical, "technical_review")

    assert before == [200, 200, 200, 200]
    assert after == files == [404, 404, 404, 200]
    assert (again.status_code, code(again)) == (409, "duty_not_due")
    history = must(
        await scene.by(scene.issuer).get("/api/v1/case-assignments", case_id=application)
    )["items"]
    assert {each["duty"]: each["end_reason"] for each in history} == {
        "acceptance": "案件办结",
        "technical_review": "案件办结",
        "decision": "案件办结",
        "issuance": None,
    }


async def test_what_went_against_the_applicant_is_kept_open_until_it_is_told(scene: Scene) -> None:
    application = await scene.submitted()
    told = {"channel": "mail", "receipt": "挂号信回执"}

    must(
        await scene.accept(application, result="not_accepted_out_of_scope", reasons=["不属于范围"])
    )
    before = await sees(scene, application, scene.acceptor)
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/applications/{application}/decision-notifications", told
        )
    )
    after = await sees(scene, application, scene.acceptor)

    assert (before, after) == ([200], [404])


async def test_what_is_withdrawn_is_closed_to_everybody_who_handled_it(scene: Scene) -> None:
    application = await scene.under_review()
    both = (scene.acceptor, scene.technical)

    before = await sees(scene, application, *both)
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/withdrawals", {"reason": "不办了"}
        )
    )

    assert before == [200, 200]
    assert await sees(scene, application, *both) == [404, 404]
    assert await sees(scene, application, scene.supplier, scene.regulator) == [200, 200]
    retaken = await scene.take(application, scene.acceptor, "acceptance")
    assert (retaken.status_code, code(retaken)) == (409, "duty_not_due")


async def test_with_its_objection_the_adjudicator_loses_the_case_it_was_about(scene: Scene) -> None:
    application, number = await scene.certified()
    objection = must(await scene.object_to(certificate_number=number))["id"]
    must(await scene.take(objection, scene.adjudicator, "adjudication", "objection"))
    path = f"/api/v1/objections/{objection}"

    before = [
        *await sees(scene, application, scene.adjudicator),
        (await scene.by(scene.adjudicator).get(path)).status_code,
    ]
    must(await scene.by(scene.objector).post(f"{path}/withdrawals", {"reason": "误会"}))
    after = [
        *await sees(scene, application, scene.adjudicator),
        (await scene.by(scene.adjudicator).get(path)).status_code,
    ]

    assert (before, after) == ([200, 200], [404, 404])
    again = await scene.take(objection, scene.adjudicator, "adjudication", "objection")
    assert (again.status_code, code(again)) == (409, "duty_not_due")


# ── spot checks ─────────────────────────────────────────────────────────────────────────────


@staged
async def checked(api: Api, db: Database, clock: ManualClock) -> checking.Checked:
    return await checking.make_checked(api, db, clock)


async def test_who_is_checked_learns_of_it_when_it_begins_and_of_findings_when_they_are_public(
    checked: checking.Checked,
) -> None:
    check, told = await checking.drawn(checked)
    path = f"/api/v1/spot-checks/{check}"
    issuer = checked.by(checked.issuer)

    drawn = [await issuer.get(path), await issuer.get(f"{path}/draw")]
    must(await checking.step(checked, check, "beginnings"))
    begun = await issuer.get(path)
    await checking.answer_all(checked, check, told, wrong=1)
    must(await checking.step(checked, check, "conclusions"))
    early = must(await issuer.get(f"{path}/findings"))["items"]
    must(await checking.step(checked, check, "publications", summary="1 项不符合。"))
    late = must(await issuer.get(f"{path}/findings"))["items"]

    assert [each.status_code for each in drawn] == [404, 404]
    assert begun.status_code == 200
    assert (len(early), len(late)) == (0, 4)


async def test_reading_a_check_that_is_not_ones_own_is_remembered_and_so_is_a_denial(
    checked: checking.Checked,
) -> None:
    check, told = await checking.drawn(checked)
    path = f"/api/v1/spot-checks/{check}"
    inspector = checking.inspecting(checked, told)[0]
    (colleague,) = [
        each for each in checked.inspectors if each not in checking.inspecting(checked, told)
    ]

    denied = await checked.by(checked.issuer).get(path)
    nothing = await checked.by(checked.issuer).get(f"/api/v1/spot-checks/{uuid.uuid4()}")
    for who in (checked.regulator, inspector, colleague):
        for part in ("", "/findings", "/draw"):
            assert (await checked.by(who).get(path + part)).status_code == 200

    read = await entries(checked, f"spot_check:{check}", "material:read")
    assert [
        (e["payload"]["actor"]["account_id"], e["payload"]["facts"]["part"]) for e in read[::-1]
    ] == [(str(colleague.account.id), part) for part in ("check", "findings", "draw")]
    (kept,) = await entries(checked, f"spot_check:{check}", "material:denied")
    assert kept["payload"]["actor"]["account_id"] == str(checked.issuer.account.id)
    assert [denied.status_code, nothing.status_code] == [404, 404]
