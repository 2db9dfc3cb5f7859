"""Only those who have to do with a case see what lies in it, and that they looked is kept (HN-28)."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member, make_party
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


async def colleague(scene: Scene, *roles: Role) -> Member:
    """Return another of the operator's staff."""
    return await make_member(scene.db, *roles, now=scene.clock.now(), party=scene.acceptor.party)


async def other_authority(scene: Scene) -> Member:
    """Return somebody of an authority that supervises other things and delegates nobody."""
    party = await make_party(
        scene.db, Capacity.OTHER_REGULATOR, now=scene.clock.now(), name="省互联网信息办公室"
    )
    return await make_member(scene.db, Role.OTHER_REGULATOR, now=scene.clock.now(), party=party)


async def look(scene: Scene, who: Member, application: str) -> httpx.Response:
    return await scene.by(who).get(f"/api/v1/applications/{application}")


async def entries(scene: Scene, subject: str, event: str) -> list[dict[str, Any]]:
    """Return what the audit administrator finds of one kind about a subject."""
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    kind, _, identifier = subject.partition(":")
    return await scene.by(auditor).find_in_log(
        subject_kind=kind, subject_id=identifier, action=event
    )


async def files_of(scene: Scene, application: str) -> list[str]:
    return [
        material["file_id"]
        for material in (await scene.read(application))["materials"]
        if material["file_id"]
    ]


# ── taking a case ───────────────────────────────────────────────────────────────────────────


async def test_a_case_is_listed_to_the_staff_and_opened_by_whoever_takes_it(scene: Scene) -> None:
    application = await scene.submitted()
    acceptor = scene.by(scene.acceptor)

    before = await look(scene, scene.acceptor, application)
    (listed,) = must(await acceptor.get("/api/v1/applications"))["items"]
    (due,) = must(await acceptor.get("/api/v1/work-queue", kind="acceptance"))["items"]
    taken = await scene.take(application, scene.acceptor, "acceptance")
    after = await look(scene, scene.acceptor, application)

    assert (before.status_code, code(before)) == (404, "not_found")
    assert listed["application_number"] == due["case_number"] is not None
    assert listed["form"]["contact_phone"] == ""
    assert listed["form"]["owners"] == []
    assert (taken.status_code, taken.json()["duty"]) == (201, "acceptance")
    assert after.status_code == 200
    assert len(after.json()["materials"]) == 7


async def test_a_duty_is_one_persons_and_a_head_of_office_gives_it_to_another(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    second = await colleague(scene, Role.OPERATOR_ACCEPTOR)
    head = await colleague(scene, Role.OPERATOR_HEAD)
    must(await scene.take(application, scene.acceptor, "acceptance"))

    again = await scene.take(application, scene.acceptor, "acceptance")
    held = await scene.take(application, second, "acceptance")
    decided = await scene.by(second).post(
        f"/api/v1/applications/{application}/acceptance-opinions", {"result": "accepted"}
    )
    to_second = {"account_id": str(second.account.id)}
    not_by_staff = await scene.take(application, second, "acceptance", **to_second, reason="我来")
    no_reason = await scene.take(application, head, "acceptance", **to_second)
    given = await scene.take(application, head, "acceptance", **to_second, reason="原经办人休假")

    assert code(again) == "case_taken_already"
    assert (held.status_code, code(held)) == (409, "case_held_by_another")
    assert (decided.status_code, code(decided)) == (409, "case_held_by_another")
    assert (not_by_staff.status_code, code(not_by_staff)) == (403, "permission_missing")
    assert (no_reason.status_code, code(no_reason)) == (422, "assignment_reason_missing")
    assert given.status_code == 201
    assert (await look(scene, second, application)).status_code == 200
    assert (await look(scene, scene.acceptor, application)).status_code == 404
    assert (await look(scene, head, application)).status_code == 404
    history = must(await scene.by(head).get("/api/v1/case-assignments", case_id=application))[
        "items"
    ]
    assert [(each["account_id"], each["end_reason"]) for each in history] == [
        (str(second.account.id), None),
        (str(scene.acceptor.account.id), "原经办人休假"),
    ]
    (told,) = await entries(scene, f"application:{application}", "case:assigned")
    assert told["payload"]["before"] == {"account_id": str(scene.acceptor.account.id)}


async def test_what_is_not_due_is_not_taken_and_nobody_takes_what_his_role_does_not_carry(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    head = await colleague(scene, Role.OPERATOR_HEAD)

    early = await scene.take(application, scene.issuer, "issuance")
    curious = await scene.take(application, scene.issuer, "acceptance")
    no_such = await scene.take(application, scene.adjudicator, "adjudication")
    stranger = await scene.take(
        application, head, "acceptance", account_id=str(uuid.uuid4()), reason="分派"
    )
    unfit = await scene.take(
        application, head, "acceptance", account_id=str(scene.issuer.account.id), reason="分派"
    )
    unknown = await scene.take(str(uuid.uuid4()), scene.acceptor, "acceptance")

    assert (early.status_code, code(early)) == (409, "duty_not_due")
    assert (curious.status_code, code(curious)) == (403, "duty_not_of_role")
    assert (no_such.status_code, code(no_such)) == (422, "duty_not_of_this_case")
    assert stranger.status_code == 404
    assert (unfit.status_code, code(unfit)) == (403, "duty_not_of_role")
    assert (unknown.status_code, code(unknown)) == (404, "not_found")
    assert await entries(scene, f"application:{application}", "case:taken") == []


async def test_whoever_accepted_never_gets_the_technical_review_of_the_case(scene: Scene) -> None:
    both = await colleague(scene, Role.OPERATOR_ACCEPTOR, Role.OPERATOR_TECHNICAL_REVIEWER)
    head = await colleague(scene, Role.OPERATOR_HEAD)
    application = await scene.submitted()
    must(await scene.take(application, both, "acceptance"))
    must(
        await scene.take(
            application,
            head,
            "acceptance",
            account_id=str(scene.acceptor.account.id),
            reason="调整",
        )
    )
    must(await scene.accept(application))
    must(await scene.start_review(application))

    refused = await scene.take(
        application,
        head,
        "technical_review",
        account_id=str(both.account.id),
        reason="原审查人员休假",
    )

    assert (refused.status_code, code(refused)) == (409, "four_eyes_required")


async def test_a_technical_reviewer_who_was_replaced_neither_reads_nor_signs(
    scene: Scene,
) -> None:
    application = await scene.under_review()
    second = await colleague(scene, Role.OPERATOR_TECHNICAL_REVIEWER)
    head = await colleague(scene, Role.OPERATOR_HEAD)
    assert (await look(scene, scene.technical, application)).status_code == 200
    must(
        await scene.take(
            application,
            head,
            "technical_review",
            account_id=str(second.account.id),
            reason="原审查人员休假",
        )
    )

    refused = await scene.technical_opinion(application)
    given = await scene.technical_opinion(application, second)

    assert (refused.status_code, code(refused)) == (403, "reviewer_not_assigned")
    assert given.status_code == 201
    assert (await look(scene, scene.technical, application)).status_code == 404


async def test_a_duty_is_given_back_by_its_holder_and_by_nobody_else(scene: Scene) -> None:
    application = await scene.submitted()
    second = await colleague(scene, Role.OPERATOR_ACCEPTOR)
    taken = must(await scene.take(application, scene.acceptor, "acceptance"))["id"]
    path = f"/api/v1/case-assignments/{taken}/endings"

    by_another = await scene.by(second).post(path, {"reason": "不是我的"})
    no_reason = await scene.by(scene.acceptor).post(path, {"reason": "  "})
    given_back = await scene.by(scene.acceptor).post(path, {"reason": "调岗"})
    again = await scene.by(scene.acceptor).post(path, {"reason": "调岗"})

    assert (by_another.status_code, code(by_another)) == (404, "not_found")
    assert (no_reason.status_code, code(no_reason)) == (422, "assignment_reason_missing")
    assert given_back.json()["end_reason"] == "调岗"
    assert (again.status_code, code(again)) == (409, "assignment_ended")
    assert (await look(scene, scene.acceptor, application)).status_code == 404
    assert (await scene.take(application, second, "acceptance")).status_code == 201


async def test_who_acts_on_a_case_handles_it_and_a_refused_act_opens_nothing(scene: Scene) -> None:
    application = await scene.submitted()

    refused = await scene.accept(application, result="not_accepted_out_of_scope")
    not_opened = await look(scene, scene.acceptor, application)
    must(await scene.accept(application))

    assert refused.status_code == 422
    assert not_opened.status_code == 404
    assert (await look(scene, scene.acceptor, application)).status_code == 200
    (mine,) = must(await scene.by(scene.acceptor).get("/api/v1/case-assignments", mine=True))[
        "items"
    ]
    assert (mine["case_id"], mine["duty"]) == (application, "acceptance")


async def test_whoever_adjudicates_an_objection_reads_the_application_it_is_about(
    scene: Scene,
) -> None:
    application, notice = await scene.in_notice()
    second = await colleague(scene, Role.OPERATOR_ADJUDICATOR)
    objection = must(await scene.object_to(notice_id=notice))["id"]
    before = await scene.by(second).get(f"/api/v1/objections/{objection}")
    (cover,) = must(await scene.by(second).get("/api/v1/objections"))["items"]

    must(await scene.take(objection, second, "adjudication", "objection"))

    full = must(await scene.by(second).get(f"/api/v1/objections/{objection}"))
    evidence = full["evidence"][0]["file_id"]
    assert before.status_code == 404
    assert (cover["interest_statement"], cover["evidence"]) == ("", [])
    assert full["interest_statement"] == "我公司是该数据的采集方"
    assert (await look(scene, second, application)).status_code == 200
    assert (await scene.by(second).get(f"/api/v1/files/{evidence}/content")).status_code == 200
    assert (await scene.by(scene.technical).get(f"/api/v1/files/{evidence}")).status_code == 200
    outsider = await colleague(scene, Role.OPERATOR_ISSUER)
    assert (await scene.by(outsider).get(f"/api/v1/files/{evidence}")).status_code == 404


# ── who reads what ──────────────────────────────────────────────────────────────────────────


async def test_the_files_of_a_case_are_opened_with_the_case_and_closed_with_it(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    file = (await files_of(scene, application))[0]
    content = f"/api/v1/files/{file}/content"

    before = await scene.by(scene.acceptor).get(content)
    taken = must(await scene.take(application, scene.acceptor, "acceptance"))["id"]
    during = await scene.by(scene.acceptor).get(content)
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/case-assignments/{taken}/endings", {"reason": "调岗"}
        )
    )
    after = await scene.by(scene.acceptor).get(content)

    assert (before.status_code, during.status_code, after.status_code) == (404, 200, 404)
    (opened,) = await entries(scene, f"application:{application}", "material:read")
    assert opened["payload"]["facts"]["part"] == "file"
    assert {"kind": "file", "id": file} in opened["subjects"]
    (denied,) = await entries(scene, f"file:{file}", "material:denied")
    assert denied["payload"]["facts"]["is_first"]  # the second of the minute is counted


async def test_drafts_are_nobodys_but_the_applicants(scene: Scene) -> None:
    draft = await scene.drafted()
    (file, *_) = await files_of(scene, draft)

    for who in (scene.acceptor, scene.issuer, scene.regulator):
        assert (await look(scene, who, draft)).status_code == 404
        assert must(await scene.by(who).get("/api/v1/applications"))["items"] == []
        assert (await scene.by(who).get(f"/api/v1/files/{file}")).status_code == 404
    assert (await scene.take(draft, scene.acceptor, "acceptance")).status_code == 404


async def test_the_authority_reads_all_and_another_regulator_a_redacted_copy(scene: Scene) -> None:
    application = await scene.reviewed()
    other = await other_authority(scene)
    (file, *_) = await files_of(scene, application)

    full = must(await look(scene, scene.regulator, application))
    copy = must(await look(scene, other, application))

    assert full["submissions"][0]["dossier"]
    assert full["technical_opinions"][0]["document"]
    assert [m["sha256"] for m in copy["materials"]] == [m["sha256"] for m in full["materials"]]
    assert {m["file_id"] for m in copy["materials"]} == {None}
    assert {m["not_applicable_reason"] for m in copy["materials"]} == {None}
    assert copy["submissions"][0]["dossier"] == {}
    assert copy["technical_opinions"][0]["document"] == ""
    assert copy["compliance_opinions"][0]["document"] == ""
    assert copy["review_decisions"][0]["result"] == "pass"
    assert copy["application"]["form"]["owners"] == []
    assert (await scene.by(scene.regulator).get(f"/api/v1/files/{file}/content")).status_code == 200
    assert (await scene.by(other).get(f"/api/v1/files/{file}/content")).status_code == 404
    letter = await scene.by(other).get(f"/api/v1/applications/{application}/refusal-letter")
    assert (letter.status_code, code(letter)) == (404, "not_found")
    read = await entries(scene, f"application:{application}", "material:read")
    assert {
        (e["payload"]["actor"]["account_id"], e["payload"]["facts"].get("sight")) for e in read
    } >= {
        (str(scene.regulator.account.id), "full"),
        (str(other.account.id), "redacted"),
    }


async def test_a_denied_reading_is_remembered_and_one_of_nothing_is_not(scene: Scene) -> None:
    application = await scene.submitted()
    stranger = await make_member(scene.db, Role.SUPPLIER, now=scene.clock.now())
    nothing = str(uuid.uuid4())

    denied = await look(scene, stranger, application)
    absent = await look(scene, stranger, nothing)

    alike = ("type", "title", "status", "code", "detail", "wording")
    assert [denied.json()[k] for k in alike] == [absent.json()[k] for k in alike]
    (kept,) = await entries(scene, f"application:{application}", "material:denied")
    assert kept["payload"]["actor"]["account_id"] == str(stranger.account.id)
    assert kept["payload"]["facts"]["route"] == "/api/v1/applications/{application_id}"
    assert kept["payload"]["facts"]["asked"] == [
        {"what": {"application_id": application}, "times": 1}
    ]
    assert await entries(scene, f"application:{nothing}", "material:denied") == []


async def test_ones_own_people_read_without_a_trace_whoever_of_them_filed(scene: Scene) -> None:
    application = await scene.submitted()
    partner = await make_member(
        scene.db, Role.SUPPLIER, now=scene.clock.now(), party=scene.supplier.party
    )

    seen = await look(scene, partner, application)

    assert seen.status_code == 200
    assert await entries(scene, f"application:{application}", "material:read") == []
