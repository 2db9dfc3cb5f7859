"""Cases are given by the rule, declined where there is a conflict, and taken from who misbehaves."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from catalog.kernel.db import Database, begin
from tests.api import code
from tests.makers_identity import Member
from tests.makers_products import make_actor
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

RULE = {"agency_party_id": None, "agency_reason": ""}


scene = staged(make_scene)


async def accepted(scene: Scene) -> str:
    application = await scene.submitted()
    must(await scene.accept(application))
    return application


async def assignments(scene: Scene, application: str) -> list[dict[str, Any]]:
    path = f"/api/v1/applications/{application}/agency-assignments"
    return list(must(await scene.by(scene.regulator).get(path))["items"])


async def given(scene: Scene, application: str) -> Member:
    """Return the agency that has the case."""
    (current,) = (each for each in await assignments(scene, application) if not each["ended_at"])
    agencies = (scene.agency, scene.other_agency)
    return next(a for a in agencies if str(a.party.id) == current["agency_party_id"])


def other_than(scene: Scene, agency: Member) -> Member:
    return scene.other_agency if agency.party.id == scene.agency.party.id else scene.agency


async def suspend(scene: Scene, agency: Member, who: Member | None = None) -> Any:
    by = scene.by(who or scene.regulator)
    contracts = must(await by.get("/api/v1/agency-contracts"))["items"]
    (contract,) = (e for e in contracts if e["agency_party_id"] == str(agency.party.id))
    return await by.post(
        f"/api/v1/agency-contracts/{contract['id']}/misconducts",
        {"misconduct": "false_record", "facts": "意见书与材料不符", "measure": "suspend"},
    )


async def test_a_case_is_given_by_chance_and_the_seed_is_kept(scene: Scene) -> None:
    application = await accepted(scene)

    started = must(await scene.start_review(application, **RULE))

    agency = await given(scene, application)
    assert started["agency_party_id"] == str(agency.party.id)
    assert (await scene.by(agency).get(f"/api/v1/applications/{application}")).status_code == 200
    (assignment,) = await assignments(scene, application)
    assert (assignment["method"], assignment["declared_at"]) == ("random", None)
    (entry,) = await scene.by(scene.regulator).find_in_log(action="agency_case:assigned")
    assert len(entry["payload"]["facts"]["seed"]) == 64


async def test_in_turn_the_agencies_take_cases_one_after_the_other(scene: Scene) -> None:
    must(
        await scene.by(scene.regulator).post(
            "/api/v1/rulebooks/hn-2023-interim/settings",
            {
                "name": "agencies_take_turns", "value": True,
                "effective_from": "2026-03-03", "reason": "轮流分派",
            },
        )
    )  # fmt: skip
    scene.clock.move_by(dt.timedelta(days=1))
    await scene.sign_in_again()
    got = []
    for n in range(3):
        scene.product_id = await scene.describe(name=f"产品 {n}")
        application = await accepted(scene)
        must(await scene.start_review(application, **RULE))
        got.append((await given(scene, application)).party.id)
        scene.clock.move_by(dt.timedelta(minutes=1))

    assert got[0] == got[2] != got[1]


async def test_who_names_an_agency_says_why(scene: Scene) -> None:
    application = await accepted(scene)

    refused = await scene.start_review(application, agency_reason=" ")

    assert code(refused) == "agency_naming_reason_missing"
    assert await assignments(scene, application) == []


async def test_an_agency_declares_itself_before_its_opinion(scene: Scene) -> None:
    application = await scene.under_review()
    must(await scene.technical_opinion(application))
    opinion = await scene.opinion(application)
    path = f"/api/v1/applications/{application}/compliance-opinions"
    body = {"opinion": opinion, "signature": scene.opinion_key.seal(opinion)}

    silent = await scene.by(scene.agency).post(path, body)
    stranger = await scene.declare(application, scene.other_agency)
    empty = await scene.declare(application, statement=" ")
    must(await scene.declare(application))
    twice = await scene.declare(application)
    must(await scene.by(scene.agency).post(path, body))

    assert (silent.status_code, code(silent)) == (409, "conflict_undeclared")
    assert (stranger.status_code, code(stranger)) == (404, "not_found")
    assert code(empty) == "conflict_declaration_incomplete"
    assert code(twice) == "conflict_declared_already"
    (assignment,) = await assignments(scene, application)
    assert assignment["opined_at"]
    assert assignment["declaration"] == "与申请人、所有者均无关联"


async def test_a_conflict_declines_the_case_and_another_agency_gets_it(scene: Scene) -> None:
    application = await scene.under_review()

    must(await scene.declare(application, has_conflict=True, statement="曾为申请人提供咨询"))

    assert (await given(scene, application)).party.id == scene.other_agency.party.id
    first, second = await assignments(scene, application)
    assert (first["ending"], first["declaration"]) == ("conflict", "曾为申请人提供咨询")
    assert (second["method"], second["ending"]) == ("random", None)
    lost = await scene.by(scene.agency).get(f"/api/v1/applications/{application}")
    assert lost.status_code == 404
    told = must(await scene.by(scene.acceptor).get("/api/v1/my/notifications"))["items"]
    assert "agency_case_declined" in [each["topic"] for each in told]

    must(
        await scene.declare(
            application, scene.other_agency, has_conflict=True, statement="亦有关联"
        )
    )
    waiting = (await scene.read(application))["application"]
    assert (waiting["state"], waiting["agency_party_id"]) == ("under_review", None)
    nobody = await scene.by(scene.acceptor).post(
        f"/api/v1/applications/{application}/agency-replacements", {"reason": "重新分派"}
    )
    assert code(nobody) == "no_agency_left"


async def test_the_open_cases_of_a_suspended_agency_go_to_another(scene: Scene) -> None:
    application = await scene.under_review()
    scene.product_id = await scene.describe(name="已出具意见的产品")
    opined = await scene.under_review()
    must(await scene.technical_opinion(opined))
    must(await scene.compliance_opinion(opined))
    scene.product_id = await scene.describe(name="已撤回的产品")
    withdrawn = await scene.under_review()
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{withdrawn}/withdrawals", {"reason": "不再登记"}
        )
    )

    must(await suspend(scene, scene.agency))

    assert (await given(scene, application)).party.id == scene.other_agency.party.id
    assert [each["ending"] for each in await assignments(scene, opined)] == [None]
    assert [each["ending"] for each in await assignments(scene, withdrawn)] == ["closed"]
    standing = must(await scene.by(scene.regulator).get("/api/v1/agency-standing"))
    assert standing["flags"] == ["fewer_than_two_agencies"]
    assert standing["agencies"] == [str(scene.other_agency.party.id)]
    told = must(await scene.by(scene.agency).get("/api/v1/my/notifications"))["items"]
    assert told[0]["topic"] == "agency_misconduct_recorded"


async def test_misconduct_is_recorded_by_operator_and_bureau_alone(scene: Scene) -> None:
    for who in (scene.agency, scene.acceptor, scene.supplier):
        path = f"/api/v1/agency-contracts/{uuid.uuid4()}/misconducts"
        answer = await scene.by(who).post(
            path, {"misconduct": "false_record", "facts": "x", "measure": "flag"}
        )
        assert (answer.status_code, code(answer)) == (403, "permission_missing")
    must(await suspend(scene, scene.agency, scene.issuer))


async def test_an_agency_sees_its_own_assignments_only(scene: Scene, db: Database) -> None:
    await scene.under_review()

    for member, count in ((scene.agency, 1), (scene.other_agency, 0)):
        async with begin(db, make_actor(party_id=member.party.id)) as tx:
            assert await tx.fetch_value("SELECT count(*) FROM catalog.agency_assignments") == count
