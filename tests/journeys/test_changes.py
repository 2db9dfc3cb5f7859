"""The story of a change through HTTP: applied for, reviewed, authorised, issued anew (HN-18)."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import pathlib
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from tests.api import Api, code
from tests.journeys.test_consequences import OnSale, trade  # noqa: F401 - a fixture
from tests.journeys.test_offline_evidence import check
from tests.makers_changes import RENAMED, Changing, make_changing
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged


@staged
async def changing(api: Api, db: Database, clock: ManualClock) -> Changing:
    return await make_changing(await make_scene(api, db, clock))


async def clocks(changing: Changing, change: str) -> dict[str, dict[str, Any]]:
    """Return the clocks of a change by their kind."""
    acceptor = changing.scene.by(changing.scene.acceptor)
    found = must(await acceptor.get(f"/api/v1/timers?subject_id={change}"))["items"]
    return {line["timer"]["kind"]: line["timer"] for line in found}


async def let(scene: Scene, flag: str) -> None:
    """Set a flag of the rulebook, and wait until it counts."""
    tomorrow = local_date(scene.clock.now()) + dt.timedelta(days=1)
    body = {
        "name": flag,
        "value": True,
        "effective_from": tomorrow.isoformat(),
        "reason": "试行",
    }
    path = f"/api/v1/rulebooks/{HAINAN_2023.code}/settings"
    must(await scene.by(scene.regulator).post(path, body))
    await scene.move_past(local_date(scene.clock.now()))


# ── the main line ───────────────────────────────────────────────────────────────────────────


async def test_a_change_ends_in_a_new_version_and_the_old_paper_names_it(
    changing: Changing,
) -> None:
    change = await changing.authorised()

    new = must(await changing.issue(change))

    old = await changing.certificate()
    assert (old["state"], old["superseded_by"]) == ("superseded", new["number"])
    assert old["content"]["product_name"] == "港口作业气象风险指数"
    assert (new["state"], new["supersedes"]) == ("active", changing.number)
    content = new["content"]
    assert content["product_name"] == RENAMED
    assert content["certificate_version"] == 2
    assert content["registration_type"] == "change"
    assert content["supersedes"] == changing.number
    assert content["notice"] == old["content"]["notice"]
    assert content["owners"] == old["content"]["owners"]
    assert content["authorised_by"] != old["content"]["authorised_by"]
    found = await changing.read(change)
    assert found["change"]["state"] == "issued"
    assert found["change"]["new_certificate_number"] == new["number"]
    assert found["differences"] == [
        {"field": "name", "before": "港口作业气象风险指数", "after": RENAMED}
    ]
    product = must(
        await changing.scene.by(changing.scene.supplier).get(
            f"/api/v1/products/{changing.scene.product_id}"
        )
    )
    assert product["name"] == RENAMED


async def test_the_old_certificate_counts_until_the_new_one_is_issued(changing: Changing) -> None:
    change = await changing.authorised()
    before = await changing.certificate()

    must(await changing.issue(change))

    assert before["state"] == "active"
    history = (await changing.certificate())["history"]
    assert [line["state"] for line in history] == ["active", "superseded"]
    notices = must(await changing.scene.api.get("/api/v1/notices"))["items"]
    assert len(notices) == 1  # that of the first registration: a change has none (A21)


async def test_a_correction_says_so_on_the_new_certificate(changing: Changing) -> None:
    change = await changing.authorised(
        kind="correction", reason="名称录入有误", wanted={"valid_to": "2030-12-31"}
    )

    new = must(await changing.issue(change))

    assert new["content"]["registration_type"] == "correction"
    assert new["content"]["product_validity"]["to"] == "2030-12-31"
    assert "更正登记 BG-2026-000001" in new["content"]["remarks"]


async def test_a_changed_certificate_can_be_changed_again(changing: Changing) -> None:
    new = must(await changing.issue(await changing.authorised()))
    again = Changing(changing.scene, new["number"])

    third = must(await again.issue(await again.authorised(wanted={"name": "第三个名称"})))

    assert third["content"]["certificate_version"] == 3
    assert third["content"]["supersedes"] == new["number"]


async def test_both_documents_stand_in_the_log_under_their_own_numbers(
    changing: Changing,
) -> None:
    new = must(await changing.issue(await changing.authorised()))
    await changing.scene.api.run_jobs()

    old, new = await changing.certificate(), await changing.certificate(new["number"])

    assert old["log"]["index"] is not None
    assert new["log"]["index"] > old["log"]["index"]
    assert base64.b64decode(old["document"]) != base64.b64decode(new["document"])


async def test_old_and_new_are_checked_offline_and_the_old_one_says_that_it_is_superseded(
    changing: Changing, tmp_path: pathlib.Path
) -> None:
    scene = changing.scene
    new = must(await changing.issue(await changing.authorised()))
    out = await scene.api.export(tmp_path / "export")
    told = {}
    for name, number in (("old", changing.number), ("new", new["number"])):
        answer = await scene.api.get(f"/api/v1/certificates/{number}")
        path = tmp_path / f"{name}.json"
        path.write_bytes(answer.content)
        told[name] = await check(path, log_place=str(out), keys_file=out / "keys.json")

    assert (told["old"].problems, told["new"].problems) == ((), ())
    assert any(
        "superseded: another certificate took its place" in note for note in told["old"].notes
    )
    assert not any("superseded" in note for note in told["new"].notes)


async def test_the_page_of_the_old_certificate_leads_to_the_new_and_back(
    changing: Changing,
) -> None:
    new = must(await changing.issue(await changing.authorised()))["number"]

    old_page = (await changing.scene.api.get(f"/certificates/{changing.number}")).text
    new_page = (await changing.scene.api.get(f"/certificates/{new}")).text

    assert f'href="/certificates/{new}"' in old_page
    assert f'href="/certificates/{changing.number}"' in new_page


async def test_the_queue_calls_a_change_by_its_number(changing: Changing) -> None:
    await changing.submitted()
    acceptor = changing.scene.by(changing.scene.acceptor)

    (line,) = must(await acceptor.get("/api/v1/work-queue?kind=acceptance"))["items"]

    assert (line["case_number"], line["title"]) == ("BG-2026-000001", "港口作业气象风险指数")


# ── clocks ──────────────────────────────────────────────────────────────────────────────────


async def test_a_change_has_the_days_of_a_first_registration(changing: Changing) -> None:
    change = await changing.submitted()
    asked = await clocks(changing, change)

    must(await changing.accept(change))

    running = await clocks(changing, change)
    assert (asked["acceptance"]["period"]["length"], asked["acceptance"]["state"]) == (3, "open")
    assert running["acceptance_notification"]["period"]["length"] == 1
    assert running["review"]["period"]["length"] == 30
    told = must(
        await changing.step(
            change,
            "decision-notifications",
            changing.scene.acceptor,
            {"channel": "in_app", "receipt": "回执 1"},
        )
    )
    assert told["body"]["channel"] == "in_app"
    again = await changing.step(
        change,
        "decision-notifications",
        changing.scene.acceptor,
        {"channel": "in_app", "receipt": "回执 2"},
    )
    assert code(again) == "decision_already_notified"


# ── corrections, refusals ───────────────────────────────────────────────────────────────────


async def test_the_list_of_corrections_is_complete_and_all_of_it_comes_back(
    changing: Changing,
) -> None:
    change = await changing.submitted()
    item = {
        "target": "material:registry_required_other",
        "problem": "缺少说明",
        "required_action": "补充更名说明",
    }
    must(await changing.accept(change, result="correction_required", items=[item]))
    supplier = changing.scene.supplier

    early = await changing.step(change, "resubmissions", supplier, {"truth_confirmed": True})
    must(await changing.hand_in(change, "registry_required_other"))
    must(await changing.step(change, "resubmissions", supplier, {"truth_confirmed": True}))
    second = await changing.accept(
        change,
        result="correction_required",
        items=[item | {"target": "content:name"}],
    )

    assert code(early) == "material_missing"
    assert code(second) == "one_time_notice_violation"
    assert await changing.state(change) == "submitted"


async def test_what_was_listed_and_not_corrected_is_named(changing: Changing) -> None:
    change = await changing.submitted()
    item = {"target": "form:reason", "problem": "事由不清", "required_action": "写明事由"}
    must(await changing.accept(change, result="correction_required", items=[item]))
    who = changing.scene.by(changing.scene.supplier)

    early = await changing.step(
        change, "resubmissions", changing.scene.supplier, {"truth_confirmed": True}
    )
    version = (await changing.read(change))["change"]["version"]
    must(
        await who.put(
            f"/api/v1/changes/{change}",
            changing.filled_in(reason="自三月起增加潮汐因子，故更名"),
            if_match=f'"{version}"',
        )
    )
    must(
        await changing.step(
            change, "resubmissions", changing.scene.supplier, {"truth_confirmed": True}
        )
    )

    assert code(early) == "correction_incomplete"
    assert await changing.state(change) == "submitted"


async def test_a_change_out_of_scope_is_declined_with_its_reason(changing: Changing) -> None:
    change = await changing.submitted()

    silent = await changing.accept(change, result="not_accepted_out_of_scope")
    must(
        await changing.accept(
            change, result="not_accepted_out_of_scope", reasons=["不属于本超市登记"]
        )
    )

    assert code(silent) == "acceptance_reason_missing"
    assert await changing.state(change) == "not_accepted"


async def test_a_refused_change_leaves_the_certificate_as_it_is(changing: Changing) -> None:
    change = await changing.under_review()
    ground = {
        "ground": "other_statutory",
        "facts": "名称与他人商标相同",
        "legal_citation": "商标法",
    }

    must(await changing.decide(change, result="refuse", grounds=[ground]))

    assert await changing.state(change) == "refused"
    assert (await changing.certificate())["state"] == "active"
    must(await changing.draft(wanted={"name": "另一个名称"}))


async def test_a_failed_technical_review_returns_or_ends_the_change(changing: Changing) -> None:
    change = await changing.under_review()
    failed = {
        "findings": {
            "material_completeness": {"passed": True},
            "material_accuracy": {"passed": False, "remarks": "名称不符"},
            "technical_test_effectiveness": {"passed": True},
        },
        "overall": "fail",
    }

    early = await changing.decide(change, result="fail_technical")
    must(await changing.technical(change, **failed))
    twice = await changing.technical(change)
    must(await changing.decide(change, result="return_technical_points"))
    must(await changing.technical(change, **failed))
    not_passed = await changing.decide(change)
    must(await changing.decide(change, result="fail_technical"))

    assert code(early) == "technical_review_not_failed"
    assert code(twice) == "opinion_immutable"
    assert code(not_passed) == "both_opinions_required"
    assert await changing.state(change) == "review_failed_technical"


async def test_only_the_registrant_changes_its_certificate(changing: Changing) -> None:
    strange = await changing.draft(who=changing.scene.objector)
    change = await changing.submitted()
    hidden = await changing.scene.by(changing.scene.agency).get(f"/api/v1/changes/{change}")

    assert strange.status_code in (403, 404)
    assert hidden.status_code == 404


async def test_an_application_that_says_nothing_new_or_too_much_is_refused(
    changing: Changing,
) -> None:
    empty = await changing.draft(wanted={"name": "港口作业气象风险指数"})
    owner = await changing.draft(owners=[{"party_id": str(changing.scene.objector.party.id)}])
    future = await changing.draft(occurred_on="2030-01-01")

    assert code(empty) == "change_empty"
    assert code(owner) == "owner_change_not_a_change"
    assert code(future) == "change_occurred_in_the_future"


async def test_missing_materials_are_all_named_at_once(changing: Changing) -> None:
    change = str(must(await changing.draft(reason=" "))["id"])
    version = (await changing.read(change))["change"]["version"]

    silent = await changing.submit(change)
    who = changing.scene.by(changing.scene.supplier)
    must(await who.put(f"/api/v1/changes/{change}", changing.filled_in(), if_match=f'"{version}"'))
    bare = await changing.submit(change)
    untrue = await changing.step(
        change, "submissions", changing.scene.supplier, {"truth_confirmed": False}
    )

    assert code(silent) == "change_reason_missing"
    assert code(bare) == "material_missing"
    assert bare.json()["facts"]["kinds"] == ["change_application_form", "change_proof"]
    assert code(untrue) == "truth_statement_missing"


async def test_the_agency_is_not_skipped_unless_the_rules_say_so(changing: Changing) -> None:
    change = await changing.submitted(kind="correction")
    must(await changing.accept(change))

    skipped = await changing.start_review(change, skips_compliance=True)

    assert code(skipped) == "compliance_review_needed"


async def test_a_correction_skips_the_agency_when_the_operator_has_set_it_so(
    changing: Changing,
) -> None:
    scene = changing.scene
    await let(scene, "correction_may_skip_compliance")
    other = await changing.submitted(kind="change")
    must(await changing.accept(other))
    refused = await changing.start_review(other, skips_compliance=True)
    must(await changing.step(other, "withdrawals", scene.supplier, {"reason": "改为更正"}))

    change = await changing.submitted(kind="correction")
    must(await changing.accept(change))
    must(await changing.start_review(change, skips_compliance=True))
    must(await changing.technical(change))
    must(await changing.decide(change))
    must(await changing.authorise(change))
    new = must(await changing.issue(change))

    assert code(refused) == "compliance_review_needed"
    old = await changing.certificate()
    same = "compliance_opinion_sha256"
    assert new["content"][same] == old["content"][same]
    assert new["content"]["technical_opinion_sha256"] != old["content"]["technical_opinion_sha256"]


async def test_a_change_goes_by_the_rules_of_the_day_on_which_it_was_handed_in(
    changing: Changing,
) -> None:
    scene = changing.scene
    before = await changing.submitted(kind="correction")
    await let(scene, "correction_may_skip_compliance")
    must(await changing.accept(before))
    filed_before = await changing.start_review(before, skips_compliance=True)
    must(await changing.step(before, "withdrawals", scene.supplier, {"reason": "重新提交"}))

    drafted = await changing.drafted(kind="correction")
    path = f"/api/v1/rulebooks/{HAINAN_2023.code}/settings"
    tomorrow = local_date(scene.clock.now()) + dt.timedelta(days=1)
    body = {
        "name": "correction_may_skip_compliance",
        "value": False,
        "effective_from": tomorrow.isoformat(),
        "reason": "试行结束",
    }
    must(await scene.by(scene.regulator).post(path, body))
    await scene.move_past(local_date(scene.clock.now()))
    must(await changing.submit(drafted))
    must(await changing.accept(drafted))
    filed_after = await changing.start_review(drafted, skips_compliance=True)

    # Handed in before the setting, or begun while it stood and handed in after: it does not count.
    assert code(filed_before) == "compliance_review_needed"
    assert code(filed_after) == "compliance_review_needed"


async def test_another_agency_may_take_the_case_over_and_the_first_reads_it_no_more(
    changing: Changing,
) -> None:
    change = await changing.under_review()
    scene = changing.scene

    must(
        await changing.step(
            change,
            "agency-replacements",
            scene.acceptor,
            {"agency_party_id": str(scene.other_agency.party.id), "reason": "原机构回避"},
        )
    )

    assert (await scene.by(scene.agency).get(f"/api/v1/changes/{change}")).status_code == 404
    assert (await changing.read(change, scene.other_agency))["change"]["state"] == "under_review"


async def test_a_forged_opinion_and_a_forged_authorisation_are_refused(
    changing: Changing,
) -> None:
    change = await changing.under_review()
    first = await changing.compliance(change)
    must(await changing.technical(change))
    forged = await changing.compliance(
        change, signature=changing.scene.authorisation_key.seal({"x": 1})
    )
    other = await changing.compliance(change, dossier_sha256="00" * 32)
    must(await changing.compliance(change))
    must(await changing.decide(change))
    early = await changing.issue(change)
    unsigned = await changing.authorise(change, signature=changing.scene.opinion_key.seal({"x": 1}))
    strange = await changing.authorise(change, certificate_number="HN-QQ-2026-00000000")
    unreadable = await changing.authorise(change, notice_id=change)
    used = await changing.authorise(change, authorisation_number="授权〔2026〕001号")

    assert code(first) == "technical_opinion_first"
    assert code(forged) == "opinion_signature_invalid"
    assert code(other) == "signed_for_another_case"
    assert code(early) == "issuance_not_authorised"
    assert code(unsigned) == "authorisation_signature_invalid"
    assert code(strange) == "signed_for_another_case"
    assert code(unreadable) == "signed_document_unreadable"
    assert code(used) == "authorisation_number_used"
    assert await changing.state(change) == "review_passed"


async def test_the_bureau_sends_a_change_back_to_its_review(changing: Changing) -> None:
    change = await changing.reviewed()
    regulator = changing.scene.regulator

    silent = await changing.step(change, "issuance-returns", regulator, {"reason": " "})
    must(await changing.step(change, "issuance-returns", regulator, {"reason": "请复核名称"}))

    assert code(silent) == "issuance_return_reason_missing"
    assert await changing.state(change) == "under_review"
    must(await changing.decide(change))


async def test_nothing_is_issued_while_an_objection_to_the_certificate_is_open(
    changing: Changing,
) -> None:
    change = await changing.authorised()
    must(await changing.scene.object_to(certificate_number=changing.number))

    refused = await changing.issue(change)

    assert code(refused) == "objection_open"
    assert await changing.state(change) == "issuance_authorised"


# ── two at once, and what happens to the certificate meanwhile ──────────────────────────────


async def test_of_two_changes_at_once_one_is_told_that_the_other_is_pending(
    changing: Changing,
) -> None:
    answers = await asyncio.gather(changing.draft(), changing.draft())

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert code(refused) == "change_pending"


async def test_a_withdrawn_change_makes_room_for_another(changing: Changing) -> None:
    change = await changing.submitted()

    must(await changing.step(change, "withdrawals", changing.scene.supplier, {"reason": "不改了"}))

    assert await changing.state(change) == "withdrawn"
    must(await changing.draft())
    late = await changing.accept(change)
    assert code(late) == "change_event_not_allowed"


async def test_a_frozen_certificate_closes_its_open_change_and_takes_no_other(
    changing: Changing,
) -> None:
    change = await changing.under_review()
    scene = changing.scene

    must(
        await scene.by(scene.issuer).post(
            f"/api/v1/certificates/{changing.number}/freezes", {"reason": "权属争议"}
        )
    )

    found = (await changing.read(change))["change"]
    assert (found["state"], found["closing"]) == ("closed", "certificate frozen")
    running = await clocks(changing, change)
    assert {timer["state"] for timer in running.values()} <= {"met", "cancelled"}
    assert code(await changing.draft()) == "change_on_inactive_certificate"


async def test_a_deregistered_certificate_closes_its_open_change(changing: Changing) -> None:
    change = await changing.authorised()
    scene = changing.scene

    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificates/{changing.number}/deregistrations", {"reason": "停止经营"}
        )
    )

    assert (await changing.read(change))["change"]["closing"] == "certificate deregistered"
    assert code(await changing.issue(change)) == "change_event_not_allowed"


async def test_a_change_racing_a_freeze_ends_one_way_or_the_other(changing: Changing) -> None:
    change = await changing.authorised()
    scene = changing.scene

    issued, frozen = await asyncio.gather(
        changing.issue(change),
        scene.by(scene.issuer).post(
            f"/api/v1/certificates/{changing.number}/freezes", {"reason": "权属争议"}
        ),
    )

    old, state = await changing.certificate(), await changing.state(change)
    outcome = (issued.status_code, frozen.status_code, old["state"], state)
    assert outcome in {(201, 409, "superseded", "issued"), (409, 200, "frozen", "closed")}


# ── those who bought it ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"scenarios": [{"code": "tide", "description": "潮汐预警"}]}, True),
        ({"name": RENAMED}, False),
    ],
)
async def test_an_offer_follows_and_buyers_are_told_if_what_they_rely_on_changed(
    trade: OnSale,  # noqa: F811
    wanted: dict[str, Any],
    told: bool,
) -> None:
    changing = Changing(trade, trade.number)
    new = must(await changing.issue(await changing.authorised(wanted=wanted)))

    (offer,) = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]

    assert (offer["state"], offer["certificate_number"]) == ("listed", new["number"])
    topics = [message["topic"] for message in inbox]
    assert topics.count("certificate_changed") == told
