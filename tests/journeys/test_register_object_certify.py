"""The story of a product through HTTP: applied for, reviewed, shown to the public, certified."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.certificates.number import is_well_formed
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import begin
from catalog.kernel.local_time import end_of_day
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_detached
from market.identity.permissions import Role
from market.jobs import deadlines_due
from tests.api import code
from tests.makers_identity import MAKER, make_member
from tests.makers_products import make_description
from tests.makers_registration import OwnKey, Scene, a_test_on, make_scene, must, run_notices
from tests.stages import staged

scene = staged(make_scene)


# ── the main line ───────────────────────────────────────────────────────────────────────────


async def test_a_product_is_certified_and_an_outsider_can_check_it(scene: Scene) -> None:
    application, number = await scene.certified()

    shown = (await scene.api.get(f"/api/v1/certificates/{number}")).json()

    document = base64.b64decode(shown["document"])
    signature = base64.b64decode(shown["signature"]["value"])
    public_key = base64.b64decode(shown["public_key"])
    assert is_well_formed(number)
    assert verify_detached(public_key, Purpose.CERTIFICATE, document, signature)
    assert shown["state"] == "active"
    assert shown["content"]["product_name"] == "港口作业气象风险指数"
    notice = shown["content"]["notice"]
    assert (notice["starts_on"], notice["ends_on"]) == ("2026-03-02", "2026-03-11")
    assert "https://dsj.example.gov.cn/gs/1" in notice["urls"]
    assert shown["content"]["owners"][0]["share"] == "1"
    code = scene.supplier.party.uscc
    assert code is not None
    masked = f"{code[:4]}{'*' * 10}{code[-4:]}"
    assert shown["content"]["owners"][0]["id_masked"] == masked
    assert code.encode() not in document
    assert shown["content"]["agency_name"] == scene.agency.party.name
    assert await scene.state(application) == "issued"
    register = (await scene.api.get("/api/v1/certificates")).json()
    assert [line["number"] for line in register["items"]] == [number]


async def test_the_issue_stands_in_the_log_with_its_digest(scene: Scene) -> None:
    _, number = await scene.certified()
    await scene.api.run_jobs()

    shown = (await scene.api.get(f"/api/v1/certificates/{number}")).json()
    entry = await scene.api.get(shown["log"]["entry_url"])

    assert shown["log"]["index"] is not None
    assert entry.status_code == 200
    proof = await scene.api.get(shown["log"]["inclusion_proof_url"])
    assert proof.status_code == 200


async def test_the_last_second_of_the_notice_is_too_early_and_the_next_is_not(
    scene: Scene, clock: ManualClock
) -> None:
    application, notice = await scene.in_notice()
    last_day = dt.date.fromisoformat(
        (await scene.api.get(f"/api/v1/notices/{notice}")).json()["ends_on"]
    )

    clock.move_to(end_of_day(last_day) - dt.timedelta(seconds=1))
    await scene.sign_in_again()
    await run_notices(scene)
    before = await scene.authorise(application)
    issued_before = await scene.issue(application)
    await scene.move_past(last_day, seconds=1)
    after = await scene.authorise(application)
    issued_after = await scene.issue(application)

    assert last_day == dt.date(2026, 3, 11)  # 7 working days after 2 March
    assert (before.status_code, code(before)) == (409, "notice_period_running")
    assert before.json()["facts"]["ends_on"] == "2026-03-11"
    assert code(issued_before) == "notice_period_running"
    assert after.status_code == 201
    assert issued_after.status_code == 201


async def test_the_days_count_from_the_later_channel(scene: Scene, clock: ManualClock) -> None:
    application = await scene.reviewed()
    notice = must(await scene.publish(application))
    waiting = (notice["state"], notice["starts_on"])

    clock.move_by(dt.timedelta(days=2))
    await scene.sign_in_again()
    running = must(await scene.confirm(notice["id"]))

    assert waiting == ("posting", None)
    assert (running["starts_on"], running["ends_on"]) == ("2026-03-04", "2026-03-13")
    assert running["remaining_working_days"] == 7
    assert await scene.state(application) == "in_public_notice"


async def _notice_clock(scene: Scene, application: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for state in ("open", "overdue", "met", "met_late", "cancelled"):
        page = await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="public_notice", timer_state=state
        )
        found += [item["timer"] for item in page.json()["items"]]
    (clock,) = [timer for timer in found if timer["subject_id"] == application]
    return clock


@pytest.mark.parametrize("objected", [False, True])
async def test_the_seven_days_are_a_clock_that_is_met_by_running_out(
    scene: Scene, *, objected: bool
) -> None:
    application, notice = await scene.in_notice()
    running = await _notice_clock(scene, application)
    if objected:
        must(await scene.object_to(notice_id=notice))
    scene.clock.move_to(end_of_day(dt.date(2026, 3, 11)) + dt.timedelta(seconds=1))
    await deadlines_due.run(scene.db, now=scene.clock.now())

    await scene.move_past(dt.date(2026, 3, 11), seconds=2)
    met = await _notice_clock(scene, application)

    assert (running["state"], running["against"]) == ("open", "public")
    assert (running["started_on"], running["due_on"]) == ("2026-03-02", "2026-03-11")
    assert (met["state"], met["overdue_since"]) == ("met", None)


async def test_a_notice_shows_only_what_is_public(scene: Scene) -> None:
    _, notice = await scene.in_notice()

    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()

    assert set(shown["public_fields"]) == {
        "product_name",
        "owner_names",
        "product_form",
        "scenarios",
        "validity",
        "application_number",
    }
    listed = (await scene.api.get("/api/v1/notices", status="running")).json()
    assert [item["id"] for item in listed["items"]] == [notice]


async def test_twenty_issues_at_once_make_one_certificate(scene: Scene) -> None:
    application, _ = await scene.authorised()

    answers = await asyncio.gather(*(scene.issue(application) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 19]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {code(answer) for answer in refused} == {"registration_event_not_allowed"}
    register = (await scene.api.get("/api/v1/certificates")).json()["items"]
    assert len(register) == 1
    assert register[0]["number"].startswith("HN-QQ-2026-0000001")


async def test_a_notice_is_ended_once_by_many_workers(scene: Scene, clock: ManualClock) -> None:
    application, notice = await scene.in_notice()
    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()
    clock.move_to(end_of_day(dt.date.fromisoformat(shown["ends_on"])))
    await scene.sign_in_again()

    ended = await asyncio.gather(*(run_notices(scene) for _ in range(8)))

    assert sum(ended) == 1
    assert await scene.state(application) == "awaiting_issuance_authorisation"


async def test_a_repeated_request_is_answered_again_and_done_once(scene: Scene) -> None:
    application, _ = await scene.authorised()
    path = f"/api/v1/applications/{application}/certificates"

    first = await scene.by(scene.issuer).post(path, key="the same key")
    again = await scene.by(scene.issuer).post(path, key="the same key")

    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_drafting_twice_at_once_begins_one_application(scene: Scene) -> None:
    answers = await asyncio.gather(*(scene.draft() for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_product_has_one_certificate_at_a_time(scene: Scene) -> None:
    _, number = await scene.certified()
    second, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    must(await scene.authorise(second, authorisation_number="授权〔2026〕002号"))

    refused = await scene.issue(second)
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificates/{number}/deregistrations", {"reason": "换发"}
        )
    )
    issued = await scene.issue(second)

    assert (refused.status_code, code(refused)) == (409, "product_certified_already")
    assert issued.status_code == 201


# ── applying ────────────────────────────────────────────────────────────────────────────────


async def test_all_missing_materials_are_named_at_once(scene: Scene) -> None:
    application = must(await scene.draft())["id"]

    refused = await scene.submit(application)

    assert (refused.status_code, code(refused)) == (422, "material_missing")
    assert len(refused.json()["facts"]["kinds"]) == 7


@pytest.mark.parametrize(
    ("form", "submission", "expected"),
    [
        ({}, {"truth_confirmed": False}, "truth_statement_missing"),
        ({"is_first_registration": None}, {}, "first_registration_unanswered"),
        ({"is_first_registration": False}, {}, "prior_registration_evidence_missing"),
    ],
)
async def test_what_is_not_stated_is_refused(
    scene: Scene, form: dict[str, Any], submission: dict[str, Any], expected: str
) -> None:
    application = await scene.drafted(**form)

    refused = await scene.submit(application, **submission)

    assert (refused.status_code, code(refused)) == (422, expected)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([(1, 2), (1, 3)], "owner_shares_not_one"),
        ([(0, 1), (1, 1)], "owner_share_malformed"),
    ],
)
async def test_shares_that_are_no_whole_are_refused(
    scene: Scene, shares: list[tuple[int, int]], expected: str
) -> None:
    parties = [scene.supplier.party.id, scene.objector.party.id]
    owners = [
        {"party_id": str(party), "share_numerator": top, "share_denominator": bottom}
        for party, (top, bottom) in zip(parties, shares, strict=True)
    ]
    application = await scene.drafted(owners=owners)

    refused = await scene.submit(application)

    assert (refused.status_code, code(refused)) == (422, expected)


async def test_owners_are_registered_parties_each_once_the_applicant_among_them(
    scene: Scene,
) -> None:
    unknown = await scene.draft(owners=[{"party_id": str(uuid.uuid4())}])
    own = {"party_id": str(scene.supplier.party.id), "share_denominator": 2}
    twice = await scene.submit(await scene.drafted(owners=[own, own]))

    assert (unknown.status_code, code(unknown)) == (422, "owner_party_unknown")
    assert code(twice) == "owner_named_twice"
    scene.product_id = await scene.describe(name="另一产品")
    stranger = await scene.drafted(owners=[{"party_id": str(scene.objector.party.id)}])
    assert code(await scene.submit(stranger)) == "applicant_not_owner"


async def test_joint_owners_prove_their_shares_and_stand_on_the_certificate(scene: Scene) -> None:
    owners = [
        {"party_id": str(scene.supplier.party.id), "share_numerator": 2, "share_denominator": 3},
        {"party_id": str(scene.objector.party.id), "share_numerator": 1, "share_denominator": 3},
    ]
    application = await scene.drafted(owners=owners)

    without = await scene.submit(application)
    must(await scene.hand_in(application, "joint_ownership_shares"))
    other = scene.by(scene.objector)
    content = must(await other.get(f"/api/v1/applications/{application}/dossier"))
    must(
        await other.post(
            f"/api/v1/applications/{application}/consents",
            {"content_sha256": content["content_sha256"]},
        )
    )
    submitted = await scene.submit(application)

    assert without.json()["facts"]["kinds"] == ["joint_ownership_shares"]
    assert submitted.status_code == 200


async def test_a_product_of_supermarket_resources_needs_a_day_of_listing(scene: Scene) -> None:
    await _make_public(scene)
    source = {"source_id": "r1", "name": "资源", "holder": "超市", "nature": "public"}
    described = await scene.by(scene.supplier).get(f"/api/v1/products/{scene.product_id}")
    body = described.json()["description"] | {
        "origin_path": "supermarket_resource",
        "substantive_processing": "清洗与建模",
        "innovative_labour": "风险模型",
        "sources": [
            source
            | {
                "acquisition_method": "supermarket_channel",
                "is_supermarket_resource": True,
                "classification_level": "general",
                "resource_id": scene.product_id,
            }
        ],
    }
    made = await scene.by(scene.supplier).post("/api/v1/products", body | {"name": "再加工产品"})
    scene.product_id = must(made)["id"]
    application = must(await scene.draft())["id"]

    refused = await scene.submit(application)
    waived = await scene.waive(application, "authorisation_channel_proof", "自有")

    assert code(refused) == "listing_required_for_supermarket_resource"
    assert code(waived) == "material_not_waivable"


async def _make_public(scene: Scene) -> None:
    async with begin(scene.db, MAKER) as tx:
        await tx.execute(
            "UPDATE catalog.products SET is_public = true WHERE id = $1",
            uuid.UUID(scene.product_id),
        )


async def test_a_material_is_a_file_or_a_reason(scene: Scene) -> None:
    application = must(await scene.draft())["id"]
    path = f"/api/v1/applications/{application}/materials/source_proof"
    supplier = scene.by(scene.supplier)

    neither = await supplier.put(path, {})
    empty = await supplier.put(path, {"not_applicable_reason": " "})
    waived = await supplier.put(path, {"not_applicable_reason": "不适用"})
    foreign = await supplier.put(
        path, {"file_id": await scene.upload(scene.objector, "not the supplier's")}
    )
    unknown_kind = await supplier.put(
        f"/api/v1/applications/{application}/materials/poem", {"not_applicable_reason": "x"}
    )

    assert code(neither) == "material_file_or_reason"
    assert code(empty) == "not_applicable_reason_missing"
    assert code(waived) == "material_not_waivable"
    assert foreign.status_code == 404
    assert unknown_kind.status_code in (400, 404)


async def test_one_product_has_one_application_under_way(scene: Scene) -> None:
    must(await scene.draft())

    second = await scene.draft()

    assert (second.status_code, code(second)) == (409, "registration_conflict")


async def test_an_application_is_changed_only_by_whoever_read_it_last(scene: Scene) -> None:
    drafted = await scene.draft()
    path = f"/api/v1/applications/{drafted.json()['id']}"
    supplier = scene.by(scene.supplier)

    blind = await supplier.put(path, {"known_disputes": "无"})
    right = await supplier.put(path, {"known_disputes": "无"}, if_match=drafted.headers["etag"])
    stale = await supplier.put(path, {"known_disputes": "有"}, if_match=drafted.headers["etag"])

    assert code(blind) == "if_match_missing"
    assert right.status_code == 200
    assert (stale.status_code, code(stale)) == (412, "version_stale")


async def test_an_application_does_not_exist_for_strangers(scene: Scene) -> None:
    application = await scene.submitted()
    rival = scene.objector

    read = await scene.by(scene.other_agency).get(f"/api/v1/applications/{application}")
    objected = await scene.by(rival).get(f"/api/v1/applications/{application}")
    unknown = await scene.by(scene.other_agency).get(f"/api/v1/applications/{uuid.uuid4()}")
    listed = (await scene.by(scene.other_agency).get("/api/v1/applications")).json()

    assert read.status_code == unknown.status_code == 404
    assert read.json()["code"] == unknown.json()["code"]
    assert objected.status_code == 404  # a buyer reads those in which it is a joint owner
    assert listed["items"] == []


async def test_a_twin_is_shown_to_the_reviewers_and_not_to_the_applicant(scene: Scene) -> None:
    first = await scene.submitted()
    must(await scene.accept(first, result="not_accepted_out_of_scope", reasons=["不属业务范围"]))
    second = await scene.submitted()
    must(await scene.take(second, scene.acceptor, "acceptance"))

    for_staff = await scene.read(second, scene.acceptor)
    for_applicant = await scene.read(second)

    assert [c["application_id"] for c in for_staff["submissions"][0]["conflicts"]] == [first]
    assert for_applicant["submissions"][0]["conflicts"] == []


async def test_a_withdrawn_application_closes_its_notice_and_stays_withdrawn(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    supplier = scene.by(scene.supplier)
    path = f"/api/v1/applications/{application}/withdrawals"

    withdrawn = await supplier.post(path, {"reason": "产品调整"})
    again = await supplier.post(path, {"reason": "再次"})
    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()

    assert withdrawn.json()["state"] == "withdrawn"
    assert (again.status_code, code(again)) == (409, "registration_event_not_allowed")
    assert (shown["state"], shown["result"]) == ("closed", "withdrawn")
    clock = await _notice_clock(scene, application)
    assert (clock["state"], clock["note"]) == ("cancelled", "notice closed: withdrawn")


# ── accepting ───────────────────────────────────────────────────────────────────────────────

ITEM = {"target": "material:source_proof", "problem": "缺盖章", "required_action": "补盖章"}


async def test_corrections_are_asked_for_once_and_completely(scene: Scene) -> None:
    application = await scene.submitted()

    empty = await scene.accept(application, result="correction_required")
    unknown = await scene.accept(
        application, result="correction_required", items=[ITEM | {"target": "form:poem"}]
    )
    asked = await scene.accept(application, result="correction_required", items=[ITEM])
    incomplete = await scene.resubmit(application)
    must(await scene.hand_in(application, "source_proof", "stamped"))
    complete = await scene.resubmit(application)
    old = await scene.accept(
        application,
        result="correction_required",
        items=[ITEM | {"target": "material:application_form"}],
    )
    new = await scene.accept(application, result="correction_required", items=[ITEM])

    assert code(empty) == "correction_list_empty"
    assert code(unknown) == "correction_target_unknown"
    assert asked.status_code == 201
    assert code(incomplete) == "correction_incomplete"
    assert incomplete.json()["facts"]["items"] == ["material:source_proof"]
    assert complete.json()["state"] == "submitted"
    assert (old.status_code, code(old)) == (409, "one_time_notice_violation")
    assert new.status_code == 201


async def test_an_exception_to_the_one_time_notice_is_remembered(scene: Scene) -> None:
    application = await scene.submitted()
    must(await scene.accept(application, result="correction_required", items=[ITEM]))
    must(await scene.hand_in(application, "source_proof", "stamped"))
    must(await scene.resubmit(application))

    opinion = must(
        await scene.accept(
            application,
            result="correction_required",
            items=[ITEM | {"target": "material:application_form"}],
            override_reason="首次提交的文件在系统故障中无法打开",
        )
    )

    assert opinion["overridden_targets"] == ["material:application_form"]


async def test_a_declined_applicant_is_told_why(scene: Scene) -> None:
    application = await scene.submitted()

    silent = await scene.accept(application, result="not_accepted_out_of_scope")
    declined = await scene.accept(
        application, result="not_accepted_out_of_scope", reasons=["不属于本超市业务范围"]
    )

    assert code(silent) == "acceptance_reason_missing"
    assert declined.status_code == 201
    assert await scene.state(application) == "not_accepted"


async def test_a_decision_is_told_once_with_a_receipt(scene: Scene) -> None:
    application = await scene.submitted()
    acceptor = scene.by(scene.acceptor)
    path = f"/api/v1/applications/{application}/decision-notifications"
    body = {"channel": "站内信", "receipt": "回执 1"}

    early = await acceptor.post(path, body)
    must(await scene.accept(application))
    without = await acceptor.post(path, body | {"receipt": " "})
    told = await acceptor.post(path, body)
    again = await acceptor.post(path, body)

    assert code(early) == "decision_already_notified"  # nothing was decided yet
    assert code(without) == "notification_receipt_missing"
    assert told.status_code == 201
    assert code(again) == "decision_already_notified"


async def test_nothing_is_accepted_by_an_operator_that_is_not_delegated(scene: Scene) -> None:
    application = await scene.submitted()
    regulator = scene.by(scene.regulator)
    delegation = (await regulator.get("/api/v1/delegations")).json()["items"][0]
    must(
        await regulator.post(
            f"/api/v1/delegations/{delegation['id']}/endings", {"reason": "授权到期"}
        )
    )

    refused = await scene.accept(application)

    assert (refused.status_code, code(refused)) == (409, "operator_not_delegated")


# ── reviewing ───────────────────────────────────────────────────────────────────────────────


async def test_reviewers_are_neutral(scene: Scene) -> None:
    application = await scene.submitted()
    must(await scene.accept(application))

    acceptor = await scene.start_review(
        application, technical_reviewer_account_id=str(scene.acceptor.account.id)
    )
    interested = await scene.start_review(application, agency_party_id=str(scene.supplier.party.id))
    without_contract = await scene.start_review(
        application, agency_party_id=str(scene.objector.party.id)
    )

    assert code(acceptor) == "reviewer_is_acceptor"
    assert code(interested) == "conflict_of_interest"
    assert code(without_contract) == "agency_contract_inactive"


async def test_a_technical_opinion_is_whole_and_given_once_by_the_one_named(scene: Scene) -> None:
    application = await scene.under_review()
    stranger = scene.agency
    points = {"material_completeness": {"passed": True}}

    missing = await scene.technical_opinion(application, findings=points)
    untested = await scene.technical_opinion(application, tests=[])
    run = a_test_on((await scene.read(application))["materials"])
    elsewhere = await scene.upload(scene.supplier, "不在卷宗内的样本")
    strange = await scene.technical_opinion(
        application, tests=[run, run | {"name": "另一样本", "sample_file_id": elsewhere}]
    )
    altered = await scene.technical_opinion(application, tests=[run | {"sample_sha256": "ab" * 32}])
    contradictory = await scene.technical_opinion(application, overall="fail")
    forbidden = await scene.technical_opinion(application, who=stranger)
    given = await scene.technical_opinion(application)
    again = await scene.technical_opinion(application)

    assert (strange.status_code, code(strange)) == (422, "test_sample_unknown")
    assert strange.json()["facts"]["tests"] == ["另一样本"]
    assert code(altered) == "test_sample_unknown"
    assert code(missing) == "finding_missing"
    assert missing.json()["facts"]["points"] == [
        "material_accuracy",
        "technical_test_effectiveness",
    ]
    assert code(untested) == "test_record_missing"
    assert code(contradictory) == "opinion_inconsistent"
    assert code(forbidden) == "permission_missing"
    assert given.status_code == 201
    assert (again.status_code, code(again)) == (409, "opinion_immutable")


async def test_a_colleague_who_was_not_named_gives_no_technical_opinion(scene: Scene) -> None:
    application = await scene.under_review()
    colleague = await make_member(
        scene.db,
        Role.OPERATOR_TECHNICAL_REVIEWER,
        now=scene.clock.now(),
        party=scene.technical.party,
    )

    refused = await scene.technical_opinion(application, who=colleague)

    assert (refused.status_code, code(refused)) == (403, "reviewer_not_assigned")


async def test_only_the_agencys_own_key_signs_its_opinion(scene: Scene) -> None:
    application = await scene.under_review()
    early = await scene.compliance_opinion(application)
    must(await scene.technical_opinion(application))
    opinion = await scene.opinion(application)
    forged = OwnKey(Purpose.OPINION)
    of_the_bureau = scene.authorisation_key

    unknown = await scene.compliance_opinion(application, signature=forged.seal(opinion))
    foreign = await scene.compliance_opinion(application, signature=of_the_bureau.seal(opinion))
    other_words = await scene.compliance_opinion(
        application, signature=scene.opinion_key.seal(opinion | {"overall": "fail"})
    )
    other_purpose = await scene.compliance_opinion(
        application, signature=scene.opinion_key.seal(opinion, Purpose.CONTRACT)
    )
    genuine = await scene.compliance_opinion(application)
    again = await scene.compliance_opinion(application, remarks="改一个字")

    assert code(early) == "technical_opinion_first"
    for refused in (unknown, foreign, other_words, other_purpose):
        assert (refused.status_code, code(refused)) == (422, "opinion_signature_invalid")
    assert genuine.status_code == 201
    assert (again.status_code, code(again)) == (409, "opinion_immutable")


async def test_a_key_of_another_agency_or_a_revoked_one_signs_no_opinion(scene: Scene) -> None:
    application = await scene.under_review()
    must(await scene.technical_opinion(application))
    opinion = await scene.opinion(application)
    of_another = OwnKey(Purpose.OPINION)
    must(await of_another.register(scene.by(scene.other_agency), scene.other_agency.party.id))
    security = await make_member(scene.db, Role.SECURITY_ADMINISTRATOR, now=scene.clock.now())

    foreign = await scene.compliance_opinion(application, signature=of_another.seal(opinion))
    must(
        await scene.by(security).post(
            f"/api/v1/keys/{scene.opinion_key.key_id}/revocations", {"reason": "私钥遗失"}
        )
    )
    revoked = await scene.compliance_opinion(application)

    assert [each.json()["facts"]["reason"] for each in (foreign, revoked)] == [
        "key_not_of_this_party",
        "key_not_valid",
    ]
    assert (await scene.read(application))["compliance_opinions"] == []


@pytest.mark.parametrize("table", ["technical_opinions", "compliance_opinions"])
async def test_an_opinion_is_never_altered_even_by_the_owner_of_the_table(
    scene: Scene, owner_dsn: str, table: str
) -> None:
    await scene.reviewed()
    owner = await asyncpg.connect(owner_dsn)
    try:
        for statement in (
            f"UPDATE catalog.{table} SET overall = 'fail'",
            f"DELETE FROM catalog.{table}",
            f"TRUNCATE catalog.{table} CASCADE",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(statement)
    finally:
        await owner.close()


async def test_an_opinion_is_whole_and_about_this_case(scene: Scene) -> None:
    application = await scene.under_review()
    must(await scene.technical_opinion(application))

    elsewhere = await scene.compliance_opinion(application, dossier_sha256="0" * 64)
    missing = await scene.compliance_opinion(application, findings={})
    partial = await scene.compliance_opinion(application, no_conflict_of_interest=False)
    unconditional = await scene.compliance_opinion(application, overall="pass_with_conditions")
    unreadable = await scene.compliance_opinion(application, poem="床前明月光")
    not_given_to = await scene.compliance_opinion(application, who=scene.other_agency)

    assert code(elsewhere) == "signed_for_another_case"
    assert len(missing.json()["facts"]["points"]) == 7
    assert code(partial) == "no_conflict_statement_missing"
    assert code(unconditional) == "opinion_conditions_missing"
    assert code(unreadable) == "signed_document_unreadable"
    assert not_given_to.status_code == 404


async def test_a_replaced_agency_loses_the_case(scene: Scene) -> None:
    application = await scene.under_review()
    path = f"/api/v1/applications/{application}/agency-replacements"
    body = {"agency_party_id": str(scene.other_agency.party.id), "reason": "原机构回避"}

    same = await scene.by(scene.acceptor).post(
        path, body | {"agency_party_id": str(scene.agency.party.id)}
    )
    replaced = await scene.by(scene.acceptor).post(path, body)
    lost = await scene.by(scene.agency).get(f"/api/v1/applications/{application}")
    gained = await scene.by(scene.other_agency).get(f"/api/v1/applications/{application}")

    assert code(same) == "conflict_of_interest"
    assert replaced.status_code == 200
    assert lost.status_code == 404
    assert gained.status_code == 200


async def test_a_review_passes_only_with_both_opinions_good(scene: Scene) -> None:
    application = await scene.under_review()
    none = await scene.decide(application)
    must(await scene.technical_opinion(application))
    one = await scene.decide(application)
    bad = {"performance_capacity": {"passed": False}}
    findings = (await scene.opinion(application))["findings"] | bad
    must(await scene.compliance_opinion(application, findings=findings, overall="fail"))

    negative = await scene.decide(application)
    refused = await scene.decide(
        application,
        result="refuse",
        grounds=[{"ground": "no_compliance_opinion", "facts": "意见为不通过"}],
    )

    assert none.json()["facts"]["missing"] == ["technical", "compliance"]
    assert (code(one), one.json()["facts"]["missing"]) == ("both_opinions_required", ["compliance"])
    assert code(negative) == "refusal_no_compliance_opinion"
    assert refused.status_code == 201
    assert await scene.state(application) == "refused"


async def test_a_refusal_names_grounds_with_their_facts(scene: Scene) -> None:
    application = await scene.under_review()
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))

    none = await scene.decide(application, result="refuse")
    uncited = await scene.decide(
        application, result="refuse", grounds=[{"ground": "other_statutory", "facts": "某情形"}]
    )
    untrue = await scene.decide(
        application,
        result="refuse",
        grounds=[{"ground": "no_compliance_opinion", "facts": "没有意见"}],
    )
    unfailed = await scene.decide(application, result="fail_technical")

    assert code(none) == "refusal_ground_missing"
    assert uncited.json()["facts"]["missing"] == "legal_citation"
    assert code(uncited) == "ground_fact_missing"
    assert code(untrue) == "ground_not_met"
    assert code(unfailed) == "technical_review_not_failed"


async def test_a_failed_technical_review_can_be_cured_inside_the_period(scene: Scene) -> None:
    application = await scene.under_review()
    failed = {
        "material_completeness": {"passed": True},
        "material_accuracy": {"passed": False, "remarks": "字段与说明不符"},
        "technical_test_effectiveness": {"passed": True},
    }
    must(await scene.technical_opinion(application, findings=failed, overall="fail"))
    must(await scene.compliance_opinion(application))

    not_passed = await scene.decide(application)
    must(await scene.decide(application, result="return_technical_points", reasons="补正字段"))
    must(await scene.technical_opinion(application))
    passed = await scene.decide(application)

    assert code(not_passed) == "technical_review_not_passed"
    assert passed.status_code == 201


async def test_national_core_data_never_pass(scene: Scene) -> None:
    declared = msgspec.to_builtins(make_description(contains_national_core_data=True))
    product = f"/api/v1/products/{scene.product_id}"
    must(await scene.by(scene.supplier).put(product, declared, if_match='"1"'))
    application = await scene.under_review()
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))

    refused = await scene.decide(application)

    assert (refused.status_code, code(refused)) == (409, "refusal_national_core_data")


# ── the public notice and the authorisation ─────────────────────────────────────────────────


async def test_a_channel_is_confirmed_once_with_a_receipt(scene: Scene) -> None:
    application = await scene.reviewed()
    notice = must(await scene.publish(application))["id"]

    twice = await scene.publish(application)
    early = await scene.authorise(application)
    malformed = await scene.confirm(notice, receipt_sha256="not a hash")
    unknown = await scene.confirm(notice, channel="billboard")
    own = await scene.confirm(notice, channel="operator_platform")
    must(await scene.confirm(notice))
    again = await scene.confirm(notice)

    assert code(twice) == "notice_channel_already_posted"
    assert code(early) == "notice_channel_missing"
    assert early.json()["facts"]["channels"] == ["authority_website"]
    assert code(malformed) == "notice_receipt_malformed"
    assert code(unknown) == "notice_channel_unknown"
    assert code(own) == "notice_channel_already_posted"
    assert code(again) == "registration_event_not_allowed"


async def test_only_the_bureaus_own_key_authorises(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)

    unauthorised = await scene.issue(application)
    elsewhere = await scene.authorise(application, notice_id=str(uuid.uuid4()))
    forged = await scene.authorise(
        application, signature=OwnKey(Purpose.AUTHORISATION).seal({"any": "thing"})
    )
    genuine = await scene.authorise(application)
    again = await scene.authorise(application, authorisation_number="授权〔2026〕002号")

    assert (unauthorised.status_code, code(unauthorised)) == (409, "issuance_not_authorised")
    assert code(elsewhere) == "signed_for_another_case"
    assert (forged.status_code, code(forged)) == (422, "authorisation_signature_invalid")
    assert genuine.status_code == 201
    assert code(again) == "registration_event_not_allowed"


async def test_an_authorisation_number_is_given_once(scene: Scene) -> None:
    await scene.authorised()
    scene.product_id = await scene.describe(name="第二个产品")
    second, notice = await scene.in_notice()
    await scene.pass_notice(notice)

    refused = await scene.authorise(second)

    assert (refused.status_code, code(refused)) == (409, "authorisation_number_used")


@pytest.mark.parametrize("to", ["under_review", "in_public_notice"])
async def test_the_bureau_sends_a_case_back(scene: Scene, to: str) -> None:
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    path = f"/api/v1/applications/{application}/issuance-returns"
    regulator = scene.by(scene.regulator)

    silent = await regulator.post(path, {"to": to, "reason": " "})
    returned = await regulator.post(path, {"to": to, "reason": "请复核来源授权"})
    too_early = await scene.issue(application)

    assert code(silent) == "issuance_return_reason_missing"
    assert returned.json()["state"] == to
    assert too_early.status_code == 409


async def test_a_case_sent_back_to_review_ends_well_after_a_fresh_notice(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/applications/{application}/issuance-returns",
            {"to": "under_review", "reason": "请复核"},
        )
    )

    must(await scene.decide(application))
    fresh = must(await scene.publish(application))["id"]
    must(await scene.confirm(fresh))
    await scene.pass_notice(fresh)
    must(await scene.authorise(application))

    assert fresh != notice
    assert (await scene.issue(application)).status_code == 201


# ── objecting ───────────────────────────────────────────────────────────────────────────────


async def test_an_objection_holds_the_issue_until_it_is_dismissed(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await scene.pass_notice(notice)
    held = await scene.state(application)
    blocked = await scene.authorise(application)

    await _settle(scene, objection, "dismiss")

    assert held == "objection_hold"
    assert (blocked.status_code, code(blocked)) == (409, "objection_open")
    assert await scene.state(application) == "awaiting_issuance_authorisation"
    must(await scene.authorise(application))
    assert (await scene.issue(application)).status_code == 201


async def test_an_upheld_objection_refuses_the_registration(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]

    await _settle(scene, objection, "uphold")

    found = await scene.read(application)
    assert found["application"]["state"] == "refused"
    ground = found["review_decisions"][-1]["grounds"][0]
    assert (ground["ground"], ground["case_reference"]) == (
        "unresolved_ownership_dispute",
        objection,
    )
    shown = (await scene.api.get(f"/api/v1/notices/{notice}")).json()
    assert (shown["state"], shown["result"]) == ("closed", "refused")


async def test_an_objection_after_the_notice_blocks_the_issue_all_the_same(scene: Scene) -> None:
    application, notice = await scene.authorised()
    objection = must(await scene.object_to(notice_id=notice))["id"]

    blocked = await scene.issue(application)
    must(await scene.objection_step(objection, "withdrawals", scene.objector, {"reason": "已和解"}))
    issued = await scene.issue(application)

    assert (blocked.status_code, code(blocked)) == (409, "objection_open")
    assert issued.status_code == 201


async def test_an_objection_without_proof_interest_or_target_is_refused(scene: Scene) -> None:
    _, notice = await scene.in_notice()
    target: dict[str, Any] = {"notice_id": notice}

    no_proof = await scene.object_to(**target, evidence_file_ids=[])
    no_interest = await scene.object_to(**target, interest_statement=" ")
    no_ground = await scene.object_to(**target, grounds=[])
    no_target = await scene.object_to()
    unknown = await scene.object_to(notice_id=str(uuid.uuid4()))
    own = await scene.object_to(**target, who=scene.supplier)
    must(await scene.object_to(**target))
    twice = await scene.object_to(**target)

    assert (no_proof.status_code, code(no_proof)) == (422, "objection_evidence_missing")
    assert code(no_interest) == "objection_interest_missing"
    assert code(no_ground) == "objection_ground_missing"
    assert code(no_target) == "objection_target_unclear"
    assert unknown.status_code == 404
    assert code(own) == "not_interested_party"
    assert (twice.status_code, code(twice)) == (409, "objection_open_already")


async def test_a_rejected_objection_lets_the_application_go_on(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]

    silent = await scene.objection_step(objection, "rejections", scene.adjudicator, {"reason": ""})
    rejected = await scene.objection_step(
        objection, "rejections", scene.adjudicator, {"reason": "证据与产品无关"}
    )
    late = await scene.objection_step(
        objection, "forwardings", scene.adjudicator, {"receipt": "回执"}
    )
    await scene.pass_notice(notice)

    assert code(silent) == "objection_rejection_reason_missing"
    assert rejected.json()["state"] == "rejected"
    assert (late.status_code, code(late)) == (409, "objection_event_not_allowed")
    assert await scene.state(application) == "awaiting_issuance_authorisation"


async def test_silence_lets_the_operator_decide_and_a_late_answer_is_kept(scene: Scene) -> None:
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    unreceipted = await scene.objection_step(
        objection, "forwardings", scene.adjudicator, {"receipt": ""}
    )
    forwarded = must(
        await scene.objection_step(
            objection, "forwardings", scene.adjudicator, {"receipt": "邮政回执"}
        )
    )
    await scene.move_past(dt.date.fromisoformat(forwarded["response_due_on"]), seconds=-1)
    in_time = (await scene.by(scene.objector).get(f"/api/v1/objections/{objection}")).json()
    await scene.move_past(dt.date.fromisoformat(forwarded["response_due_on"]), seconds=1)
    too_late = (await scene.by(scene.objector).get(f"/api/v1/objections/{objection}")).json()

    empty = await scene.objection_step(objection, "responses", scene.supplier, {"statement": "无"})
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    stranger = await scene.objection_step(objection, "responses", scene.agency, answer)
    late = must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    again = await scene.objection_step(objection, "responses", scene.supplier, answer)

    assert code(unreceipted) == "objection_receipt_missing"
    assert forwarded["response_due_on"] == "2026-03-09"  # 7 calendar days from 2 March
    assert in_time["state"] == "awaiting_response"
    assert (too_late["state"], too_late["no_response"]) == ("under_determination", True)
    assert code(empty) == "objection_response_empty"
    assert stranger.status_code == 404
    assert (late["state"], late["response"]["is_late"]) == ("under_determination", True)
    assert code(again) == "objection_event_not_allowed"


async def test_a_refused_outcome_leaves_the_matter_unresolved(scene: Scene) -> None:
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await _determine(scene, objection, "dismiss")

    accepted = await scene.objection_step(
        objection, "acceptances", scene.supplier, {"accepts": True}
    )
    twice = await scene.objection_step(objection, "acceptances", scene.supplier, {"accepts": True})
    refused = await scene.objection_step(
        objection, "acceptances", scene.objector, {"accepts": False}
    )
    await scene.pass_notice(notice)

    assert accepted.json()["state"] == "determined"
    assert (twice.status_code, code(twice)) == (409, "objection_answer_given_already")
    assert refused.json()["state"] == "unresolved"
    assert await scene.state(application) == "objection_hold"


async def test_a_certificate_is_revoked_when_both_sides_accept(scene: Scene) -> None:
    _, number = await scene.certified()
    objection = must(await scene.object_to(certificate_number=number))["id"]
    encumbered = await scene.by(scene.supplier).post(
        f"/api/v1/certificates/{number}/deregistrations", {"reason": "不再经营"}
    )

    await _settle(scene, objection, "revoke")

    shown = (await scene.api.get(f"/api/v1/certificates/{number}")).json()
    assert (encumbered.status_code, code(encumbered)) == (409, "certificate_encumbered")
    assert shown["state"] == "revoked"
    assert [change["state"] for change in shown["history"]] == ["active", "revoked"]
    assert code(await scene.object_to(certificate_number=number)) == "certificate_event_not_allowed"


async def test_a_certificate_is_kept_when_both_sides_accept(scene: Scene) -> None:
    _, number = await scene.certified()
    objection = must(await scene.object_to(certificate_number=number))["id"]

    await _settle(scene, objection, "keep")

    shown = (await scene.api.get(f"/api/v1/certificates/{number}")).json()
    assert shown["state"] == "active"


async def test_an_outcome_fits_its_target_and_has_reasons(scene: Scene) -> None:
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await _answer(scene, objection)
    by = scene.adjudicator

    early = await scene.objection_step(objection, "acceptances", scene.objector, {"accepts": True})
    no_reason = await scene.objection_step(
        objection, "determinations", by, {"outcome": "dismiss", "reasons": ""}
    )
    unfit = await scene.objection_step(
        objection, "determinations", by, {"outcome": "revoke", "reasons": "无凭证"}
    )

    assert code(early) == "objection_event_not_allowed"
    assert code(no_reason) == "objection_reason_missing"
    assert code(unfit) == "objection_outcome_not_for_target"


async def test_both_sides_see_an_objection_and_nobody_else(scene: Scene) -> None:
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, {}))
    path = f"/api/v1/objections/{objection}"

    seen = [
        (await scene.by(who).get(path)).status_code
        for who in (scene.objector, scene.supplier, scene.adjudicator, scene.agency)
    ]
    listed = (await scene.by(scene.agency).get("/api/v1/objections")).json()

    assert seen == [200, 200, 200, 404]
    assert listed["items"] == []


# ── the certificate's life ──────────────────────────────────────────────────────────────────


async def test_a_certificate_is_frozen_and_counts_again(scene: Scene) -> None:
    _, number = await scene.certified()
    issuer = scene.by(scene.issuer)
    path = f"/api/v1/certificates/{number}"

    silent = await issuer.post(f"{path}/freezes", {"reason": ""})
    frozen = await issuer.post(f"{path}/freezes", {"reason": "诉讼中"})
    again = await issuer.post(f"{path}/freezes", {"reason": "诉讼中"})
    active = await issuer.post(f"{path}/unfreezes", {"reason": "判决维持"})

    assert code(silent) == "certificate_reason_missing"
    assert frozen.json()["state"] == "frozen"
    assert (again.status_code, code(again)) == (409, "certificate_event_not_allowed")
    assert active.json()["state"] == "active"


async def test_a_registrant_deregisters_its_own_certificate_and_no_other(scene: Scene) -> None:
    _, number = await scene.certified()
    rival = await make_member(scene.db, Role.SUPPLIER, now=scene.clock.now())
    path = f"/api/v1/certificates/{number}/deregistrations"

    foreign = await scene.by(rival).post(path, {"reason": "不是我的"})
    own = await scene.by(scene.supplier).post(path, {"reason": "不再经营"})

    assert foreign.status_code == 404
    assert own.json()["state"] == "deregistered"


async def test_an_unknown_number_is_no_certificate(scene: Scene) -> None:
    assert (await scene.api.get("/api/v1/certificates/HN-QQ-2026-00000010")).status_code == 404


async def _answer(scene: Scene, objection: str) -> None:
    must(
        await scene.objection_step(objection, "forwardings", scene.adjudicator, {"receipt": "回执"})
    )
    must(
        await scene.objection_step(
            objection,
            "responses",
            scene.supplier,
            {
                "statement": "数据由我方采集",
                "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
            },
        )
    )


async def _determine(scene: Scene, objection: str, outcome: str) -> None:
    await _answer(scene, objection)
    must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": outcome, "reasons": "依据双方证据"},
        )
    )


async def _settle(scene: Scene, objection: str, outcome: str) -> None:
    await _determine(scene, objection, outcome)
    for side in (scene.supplier, scene.objector):
        must(await scene.objection_step(objection, "acceptances", side, {"accepts": True}))
