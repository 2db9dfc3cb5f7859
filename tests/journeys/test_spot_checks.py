"""A spot check from its plan to its end, drawn by public chance and computed again by an outsider."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import pathlib
import uuid
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged
from tests.terminal import market

UNKNOWN = "01890000-0000-7000-8000-000000000000"


class Checked(Scene):
    """A registration with inspectors of the bureau, and three submitted cases."""

    inspectors: list[Member]
    cases: list[str]


async def make_checked(api: Api, db: Database, clock: ManualClock) -> Checked:
    """Return a bureau with inspectors, and three cases."""
    made = await make_scene(api, db, clock)
    scene = Checked(api, db, clock)
    vars(scene).update(vars(made))
    bureau = scene.regulator.party
    scene.inspectors = [
        await make_member(db, Role.REGULATOR, now=clock.now(), party=bureau) for _ in range(3)
    ]
    scene.cases = []
    for n in range(3):
        scene.product_id = await scene.describe(name=f"产品 {n}")
        scene.cases.append(await scene.submitted())
    return scene


scene = staged(make_checked)


async def plan(scene: Checked, **said: Any) -> httpx.Response:
    body = {
        "title": "二〇二六年第一次抽查",
        "items": ["材料齐全", "审查意见"],
        "submitted_from": "2026-03-01",
        "submitted_through": "2026-03-31",
        "sample_size": 2,
        "inspector_account_ids": [str(each.account.id) for each in scene.inspectors],
        "inspector_count": 2,
    } | said
    return await scene.by(scene.regulator).post("/api/v1/spot-checks", body)


async def step(
    scene: Checked, check: str, name: str, who: Member | None = None, **body: Any
) -> httpx.Response:
    return await scene.by(who or scene.regulator).post(
        f"/api/v1/spot-checks/{check}/{name}", body or None
    )


async def drawn(scene: Checked) -> tuple[str, dict[str, Any]]:
    check = str(must(await plan(scene))["id"])
    await scene.api.run_jobs()  # the commitment gets its place, and a checkpoint is signed
    return check, must(await step(scene, check, "draws"))


def inspecting(scene: Checked, check: dict[str, Any]) -> list[Member]:
    return [each for each in scene.inspectors if str(each.account.id) in check["inspectors"]]


async def answer_all(scene: Checked, check: str, told: dict[str, Any], *, wrong: int = 0) -> None:
    inspector = inspecting(scene, told)[0]
    pairs = [(case, item) for case in told["cases"] for item in ("材料齐全", "审查意见")]
    for n, (case, item) in enumerate(pairs):
        evidence = await scene.upload(inspector, "照片") if n < wrong else None
        must(
            await step(
                scene,
                check,
                "findings",
                inspector,
                application_id=case,
                item=item,
                conforms=n >= wrong,
                fact="缺页" if n < wrong else "符合",
                evidence_file_id=evidence,
            )
        )


async def test_a_check_goes_from_its_plan_to_its_end_and_everybody_sees_what_came_of_it(
    scene: Checked,
) -> None:
    check, told = await drawn(scene)
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told, wrong=1)
    concluded = must(await step(scene, check, "conclusions"))
    must(await step(scene, check, "publications", summary="抽查 2 件，1 项不符合，已责令整改。"))
    (shown,) = must(await scene.api.get("/api/v1/spot-checks"))["items"]
    pages = [await scene.api.http.get(path) for path in ("/spot-checks", f"/spot-checks/{check}")]
    findings = must(await scene.by(scene.issuer).get(f"/api/v1/spot-checks/{check}/findings"))[
        "items"
    ]
    finding = next(each for each in findings if not each["conforms"])

    closed = must(
        await step(
            scene,
            check,
            "rectifications",
            scene.issuer,
            finding_id=finding["id"],
            rectification="已补页",
            evidence_file_id=await scene.upload(scene.issuer, "补页"),
        )
    )

    assert (concluded["state"], closed["state"]) == ("concluded", "closed")
    assert all("二〇二六年第一次抽查" in each.text for each in pages)
    assert "3 件中随机抽取 2 件" in pages[0].text
    assert "抽查 2 件，1 项不符合，已责令整改。" in pages[1].text
    assert f"/api/v1/spot-checks/{check}/draw" in pages[1].text
    assert (shown["conforming_count"], shown["nonconforming_count"]) == (3, 1)
    assert (shown["population_size"], shown["sample_size"], shown["state"]) == (3, 2, "published")
    assert all(number.startswith("SQ-2026-") for number in shown["case_numbers"])
    clocks = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="rectification", timer_state="met"
        )
    )["items"]
    (clock,) = [each["timer"] for each in clocks]
    assert (clock["due_on"], clock["subject_id"]) == ("2026-03-16", finding["id"])


async def test_each_finding_has_its_own_days_from_the_day_on_which_the_operator_was_told(
    scene: Checked,
) -> None:
    check, told = await drawn(scene)
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told, wrong=2)
    must(await step(scene, check, "conclusions"))
    regulator = scene.by(scene.regulator)
    before = must(await regulator.get("/api/v1/timers", kind="rectification"))["items"]
    scene.clock.move_to(dt.datetime(2026, 3, 9, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()

    must(await step(scene, check, "publications", summary="2 项不符合。"))

    # Told on Monday, 9 March: ten working days end on the 23rd, one clock for each finding.
    queue = must(await scene.by(scene.issuer).get("/api/v1/work-queue", kind="rectification"))
    inbox = must(await scene.by(scene.issuer).get("/api/v1/my/notifications"))["items"]
    assert before == []
    assert [each["timer"]["due_on"] for each in queue["items"]] == ["2026-03-23"] * 2
    assert all(each["case_number"].startswith("SQ-2026-") for each in queue["items"])
    assert [each["topic"] for each in inbox].count("spot_check_to_rectify") == 2


@pytest.mark.parametrize("tell_applicants", [True, False])
async def test_the_operator_is_told_at_the_beginning_and_the_applicant_by_choice(
    scene: Checked, *, tell_applicants: bool
) -> None:
    check, told = await drawn(scene)

    must(await step(scene, check, "beginnings", tell_applicants=tell_applicants))

    operator = must(await scene.by(scene.issuer).get("/api/v1/my/notifications"))["items"]
    applicant = must(await scene.by(scene.supplier).get("/api/v1/my/notifications"))["items"]
    (message,) = [each for each in operator if each["topic"] == "spot_check_begun"]
    path = f"/api/v1/my/notifications/{message['id']}"
    opened = must(await scene.by(scene.issuer).post(f"{path}/openings"))
    assert "二〇二六年第一次抽查" in opened["text"]["zh"]
    assert opened["text"]["zh"].count("SQ-2026-") == len(told["cases"])
    assert opened["received_on"] == scene.today()
    topics = [each["topic"] for each in applicant]
    assert topics.count("spot_check_of_own_case") == (2 if tell_applicants else 0)


async def test_a_population_is_narrowed_and_what_narrowed_it_is_committed(scene: Checked) -> None:
    accepted = scene.cases[0]
    must(await scene.accept(accepted))
    operator = str(scene.acceptor.party.id)
    narrowed = [
        await plan(scene, sample_size=1, **wanted)
        for wanted in (
            {},
            {"states": ["submitted"]},
            {"states": ["accepted", "under_review"]},
            {"forms": ["data_indicator"]},
            {"forms": ["data_api"]},
            {"operator_party_id": operator},
            {"agency_party_id": str(scene.agency.party.id)},
            {"certificate_states": ["active"]},
        )
    ]

    sizes = [
        each.json()["commitment"]["population_size"] if each.status_code == 201 else code(each)
        for each in narrowed
    ]
    none = "spot_check_plan_incomplete"
    assert sizes == [3, 2, 1, 3, none, 1, none, none]
    wanted = narrowed[5].json()["commitment"]["population_filter"]
    assert wanted == {
        "submitted_from": "2026-03-01",
        "submitted_through": "2026-03-31",
        "operator_party_id": operator,
    }


async def test_a_check_of_certificates_draws_only_applications_that_led_to_one(
    scene: Checked,
) -> None:
    scene.product_id = await scene.describe(name="已发证的产品")
    application, _ = await scene.certified()

    planned = must(await plan(scene, sample_size=1, certificate_states=["active", "frozen"]))

    assert planned["population"] == [application]


async def test_a_check_without_faults_ends_with_its_publication(scene: Checked) -> None:
    check, told = await drawn(scene)
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told)
    must(await step(scene, check, "conclusions"))
    hidden = await scene.api.http.get(f"/spot-checks/{check}")
    empty = await scene.api.http.get("/spot-checks?lang=en")

    published = must(await step(scene, check, "publications", summary="均符合要求。"))

    assert published["state"] == "closed"
    assert (hidden.status_code, empty.status_code) == (404, 200)
    assert "No spot check is published yet" in empty.text


async def test_an_outsider_computes_the_draw_again(scene: Checked, tmp_path: pathlib.Path) -> None:
    check, told = await drawn(scene)
    aside = inspecting(scene, told)[0]
    must(await step(scene, check, "recusals", aside, reason="与申请人有亲属关系"))
    hidden = await scene.api.get(f"/api/v1/spot-checks/{check}/draw")
    record = await scene.by(scene.regulator).get(f"/api/v1/spot-checks/{check}/draw")
    path, keys = tmp_path / "draw.json", tmp_path / "keys.json"
    path.write_bytes(record.content)
    keys.write_bytes((await scene.api.get("/api/v1/keys")).content)

    genuine = market("verify", path, "--keys", keys, "--json")
    changed = json.loads(record.content)
    changed["cases"] = changed["cases"][::-1]
    path.write_text(json.dumps(changed), "utf-8")
    forged = market("verify", path, "--keys", keys)

    assert json.loads(record.content)["concluded"] is None
    assert hidden.status_code == 404
    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    counts = json.loads(genuine.stdout)["counts"]
    assert (counts["cases drawn again"], counts["first checkpoints"]) == (2, 1)
    assert (forged.returncode, "not those that the seed draws" in forged.stdout) == (1, True)
    assert "亲属" not in record.text


async def test_who_stood_aside_is_sealed_by_the_conclusion(
    scene: Checked, tmp_path: pathlib.Path
) -> None:
    check, told = await drawn(scene)
    aside = inspecting(scene, told)[0]
    told = must(await step(scene, check, "recusals", aside, reason="回避"))
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told)
    must(await step(scene, check, "conclusions"))
    must(await step(scene, check, "publications", summary="均符合要求。"))
    await scene.api.run_jobs()  # the conclusion gets its place, and a checkpoint is signed
    record = await scene.api.get(f"/api/v1/spot-checks/{check}/draw")
    path, keys = tmp_path / "draw.json", tmp_path / "keys.json"
    path.write_bytes(record.content)
    keys.write_bytes((await scene.api.get("/api/v1/keys")).content)

    genuine = market("verify", path, "--keys", keys, "--json")
    changed = json.loads(record.content)
    changed["recusals"][0]["at"] = "2026-03-01T00:00:00Z"
    path.write_text(json.dumps(changed), "utf-8")
    forged = market("verify", path, "--keys", keys)

    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    assert json.loads(genuine.stdout)["counts"]["recusals sealed"] == 1
    assert (forged.returncode, "not those that were sealed" in forged.stdout) == (1, True)


async def test_nobody_from_outside_the_authority_can_be_drawn(scene: Checked) -> None:
    within = [str(each.account.id) for each in scene.inspectors]
    outside = str(scene.issuer.account.id)

    refused = await plan(scene, inspector_account_ids=[*within, outside, UNKNOWN])

    assert (refused.status_code, code(refused)) == (422, "not_an_inspector_account")
    assert set(refused.json()["facts"]["accounts"]) == {outside, UNKNOWN}


async def test_a_recused_inspector_is_replaced_and_inspects_no_more(scene: Checked) -> None:
    check, told = await drawn(scene)
    aside = inspecting(scene, told)[0]
    spare = next(each for each in scene.inspectors if each not in inspecting(scene, told))

    after = must(await step(scene, check, "recusals", aside, reason="回避"))
    again = await step(scene, check, "recusals", aside, reason="回避")
    used_up = await step(scene, check, "recusals", spare, reason="回避")

    assert str(spare.account.id) in after["inspectors"]
    assert (again.status_code, code(again)) == (403, "not_a_drawn_inspector")
    assert code(used_up) == "no_inspector_left"


async def test_nothing_is_drawn_before_chance_has_spoken_and_nothing_twice(scene: Checked) -> None:
    check = str(must(await plan(scene))["id"])

    early = await step(scene, check, "draws")
    await scene.api.run_jobs()
    must(await step(scene, check, "draws"))
    twice = await step(scene, check, "draws")

    assert [code(early), code(twice)] == ["draw_not_ready", "spot_check_event_not_allowed"]


async def test_what_may_not_be_is_refused_and_changes_nothing(scene: Checked) -> None:
    check, told = await drawn(scene)
    inspector = inspecting(scene, told)[0]
    spare = next(each for each in scene.inspectors if each not in inspecting(scene, told))
    found = {
        "application_id": told["cases"][0],
        "item": "材料齐全",
        "conforms": True,
        "fact": "符合",
    }
    early = await step(scene, check, "findings", inspector, **found)
    must(await step(scene, check, "beginnings"))
    undrawn = next(case for case in scene.cases if case not in told["cases"])

    refused = [
        early,
        await step(scene, check, "findings", spare, **found),
        await step(scene, check, "findings", inspector, **found | {"application_id": undrawn}),
        await step(scene, check, "findings", inspector, **found | {"item": "别的"}),
        await step(scene, check, "findings", inspector, **found | {"conforms": False}),
        await step(scene, check, "conclusions"),
        await step(scene, check, "findings", scene.issuer, **found),
        await step(scene, UNKNOWN, "draws"),
        await plan(scene, items=[]),
        await plan(scene, inspector_count=1),
        await plan(scene, submitted_from="2025-01-01", submitted_through="2025-12-31"),
    ]
    must(await step(scene, check, "findings", inspector, **found))
    refused.append(await step(scene, check, "findings", inspector, **found))

    assert [code(each) for each in refused] == [
        "spot_check_event_not_allowed",
        "not_a_drawn_inspector",
        "outside_the_sample",
        "outside_the_sample",
        "finding_incomplete",
        "spot_check_items_unanswered",
        "permission_missing",
        "not_found",
        "spot_check_plan_incomplete",
        "spot_check_plan_incomplete",
        "spot_check_plan_incomplete",
        "finding_made_already",
    ]


async def test_only_what_is_published_is_put_right_and_only_by_the_operator(
    scene: Checked,
) -> None:
    check, told = await drawn(scene)
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told, wrong=1)
    must(await step(scene, check, "conclusions"))
    right = {
        "finding_id": UNKNOWN,
        "rectification": "已补页",
        "evidence_file_id": await scene.upload(scene.issuer, "补页"),
    }

    early = await step(scene, check, "rectifications", scene.issuer, **right)
    silent = await step(scene, check, "publications", summary=" ")
    must(await step(scene, check, "publications", summary="1 项不符合。"))
    nothing = await step(scene, check, "rectifications", scene.issuer, **right)
    regulator = await step(scene, check, "rectifications", **right)

    assert [code(each) for each in (early, silent, nothing, regulator)] == [
        "spot_check_event_not_allowed",
        "spot_check_text_missing",
        "nothing_to_rectify",
        "permission_missing",
    ]
    assert dt.date.fromisoformat(scene.today()) < dt.date(2026, 3, 16)


CLOCKS = importlib.import_module("market.migrations.versions.0040_clocks_of_findings")
OLD_CLOCK = """
    UPDATE catalog.timers SET subject_kind = 'spot_check', subject_id = $1
     WHERE id = (SELECT min(id::text)::uuid FROM catalog.timers WHERE kind = 'rectification')"""
OTHER_CLOCKS = """
    DELETE FROM catalog.timers
     WHERE kind = 'rectification' AND subject_kind = 'spot_check_finding'"""
NOT_PUBLISHED = """
    UPDATE market.spot_checks SET state = 'concluded', published_at = NULL, summary = NULL WHERE id = $1"""


@pytest.mark.parametrize("is_published", [True, False])
async def test_a_check_of_before_that_ran_one_clock_for_all_findings_is_put_right_one_by_one(
    scene: Checked, owner_dsn: str, *, is_published: bool
) -> None:
    check, told = await drawn(scene)
    must(await step(scene, check, "beginnings"))
    await answer_all(scene, check, told, wrong=2)
    must(await step(scene, check, "conclusions"))
    must(await step(scene, check, "publications", summary="2 项不符合。"))
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute(OLD_CLOCK, uuid.UUID(check))
    await owner.execute(OTHER_CLOCKS)
    if not is_published:
        await owner.execute(NOT_PUBLISHED, uuid.UUID(check))

    for statement in CLOCKS.STATEMENTS:
        await owner.execute(statement)
    if not is_published:
        must(await step(scene, check, "publications", summary="2 项不符合。"))

    findings = must(await scene.by(scene.issuer).get(f"/api/v1/spot-checks/{check}/findings"))
    for finding in findings["items"]:
        if not finding["conforms"]:
            last = must(
                await step(
                    scene,
                    check,
                    "rectifications",
                    scene.issuer,
                    finding_id=finding["id"],
                    rectification="已补页",
                    evidence_file_id=await scene.upload(scene.issuer, finding["id"]),
                )
            )
    clocks = await owner.fetch(
        "SELECT subject_kind, state FROM catalog.timers WHERE kind = 'rectification' ORDER BY 1"
    )
    await owner.close()
    assert last["state"] == "closed"
    assert [(each["subject_kind"], each["state"]) for each in clocks] == [
        ("spot_check", "cancelled"),
        *[("spot_check_finding", "met")] * 2,
    ]
