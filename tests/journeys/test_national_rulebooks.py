"""Cases under 国数综政策〔2026〕35号 and 发改数据规〔2025〕26号, from the draft to the certificate (GD-06)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import Keys
from catalog.certificates import check as certificates
from catalog.kernel.db import Database, begin
from catalog.rulebooks.steps import Step
from market.case_files import archive, check
from market.case_files.model import PAGE
from tests.api import code
from tests.makers_identity import MAKER, Member
from tests.makers_national import NDA, NDRC, National, cited, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

MONDAY = dt.date(2026, 7, 6)


scene = staged(make_scene)


@pytest.fixture
async def nda(scene: Scene) -> National:
    return await offering(scene, NDA, on=MONDAY)


@pytest.fixture
async def ndrc(scene: Scene) -> National:
    return await offering(scene, NDRC, on=MONDAY)


async def inbox(scene: Scene, who: Member) -> list[str]:
    listed = must(await scene.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in listed["items"]]


async def certificate(scene: Scene, number: str) -> dict[str, Any]:
    return must(await scene.api.get(f"/api/v1/certificates/{number}"))


# ── which rulebook ──────────────────────────────────────────────────────────────────────────


async def test_an_application_names_a_rulebook_that_is_offered_and_else_has_the_province_s(
    scene: Scene,
) -> None:
    early = await scene.draft(rulebook=NDA)
    await go_to(scene, MONDAY)
    closed = await scene.draft(rulebook=NDA)
    unknown = await scene.draft(rulebook="nda-1999")
    plain = must(await scene.draft())

    assert code(early) == "rulebook_not_in_force"
    assert code(closed) == "rulebook_not_offered"
    assert code(unknown) == "rulebook_unknown"
    assert plain["rulebook"] == "hn-2023-interim"


async def test_a_case_finishes_under_its_rulebook_when_it_is_no_longer_offered(
    nda: National,
) -> None:
    application = await nda.submitted()
    must(
        await nda.scene.by(nda.scene.regulator).post(
            f"/api/v1/rulebooks/{NDA}/settings",
            {
                "name": "is_offered",
                "value": False,
                "effective_from": "2026-07-07",
                "reason": "暂停受理",
            },
        )
    )
    await go_to(nda.scene, dt.date(2026, 7, 7))

    must(await nda.scene.accept(application))

    assert (await nda.clock_of(application, "review"))["period"]["source"] == "NDA35-28"
    nda.scene.product_id = await nda.scene.describe(name="又一产品")
    assert code(await nda.draft()) == "rulebook_not_offered"


# ── 35号: the whole way ─────────────────────────────────────────────────────────────────────


async def test_rights_of_two_holders_are_registered_without_agency_and_authorisation(
    nda: National,
) -> None:
    scene = nda.scene
    other = str(scene.objector.party.id)
    own = str(scene.supplier.party.id)
    claimed = [
        {"right": "hold", "party_id": own},
        {"right": "operate", "party_id": other},
    ]
    application, notice = await nda.in_notice(
        rights=claimed, restrictions="不得转授权", consenting=(scene.objector,)
    )
    shown = must(await scene.api.get(f"/api/v1/notices/{notice}"))
    assert shown["public_fields"]["restrictions"] == "不得转授权"
    assert [text.split(":")[0] for text in shown["public_fields"]["rights"]] == ["hold", "operate"]
    # Posted on Monday the 6th: five working days end with Monday the 13th.
    assert (shown["starts_on"], shown["ends_on"]) == ("2026-07-06", "2026-07-13")
    assert [posting["channel"] for posting in shown["postings"]] == ["national_system"]

    await scene.pass_notice(notice)
    assert await scene.state(application) == "ready_to_issue"
    issued = must(await scene.issue(application))

    assert issued["number"] == "SJ4602026070001"
    content = issued["content"]
    assert (content["ruleset"], content["rights"]) == (NDA, ["hold", "operate"])
    assert [held["right"] for held in content["right_holders"]] == ["hold", "operate"]
    filed = (await scene.read(application))["application"]["form"]["rights"]
    assert [each["party_id"] for each in filed] == [own, other]
    assert (content["valid_through"], issued["valid_through"]) == ("2031-07-14", "2031-07-14")
    assert "authorised_by" not in content
    assert "compliance_opinion_sha256" not in content
    checked = must(await scene.api.get(f"/api/v1/certificates/{issued['number']}"))
    assert checked["state"] == "active"
    # The ten working days run until the certificate is there; the notice does not count.
    met = await nda.clock_of(application, "review", timer_state="met")
    assert [pause["cause"] for pause in met["pauses"]] == ["public_notice"]
    assert (met["started_on"], met["due_on"]) == ("2026-07-06", "2026-07-27")


async def test_the_review_needs_the_points_of_the_rulebook_and_takes_no_agency(
    nda: National,
) -> None:
    scene = nda.scene
    application = await nda.submitted()
    must(await scene.accept(application))
    with_agency = await scene.start_review(application)
    must(await nda.start_review(application))
    hainan_s = await scene.technical_opinion(application)
    agency_s = await scene.compliance_opinion(application)
    must(await nda.opinion(application))
    apart = await scene.decide(application, result="fail_technical")
    ground = {"ground": "no_compliance_opinion", "facts": "没有意见书"}
    foreign = await scene.decide(application, result="refuse", grounds=[ground])

    assert code(with_agency) == "review_agency_not_needed"
    assert code(hainan_s) == "finding_missing"
    assert agency_s.status_code == 404
    assert code(apart) == "review_result_not_provided"
    assert code(foreign) == "refusal_ground_not_in_rulebook"
    assert await scene.state(application) == "under_review"


async def test_a_false_proof_is_refused_by_article_22_with_a_letter(nda: National) -> None:
    scene = nda.scene
    application = await nda.under_review()
    failed = {point: {"passed": False} for point in nda.book.review_points}
    must(await nda.opinion(application, findings=failed, overall="fail"))
    ground = {"ground": "concealment_or_false_proof", "facts": "授权书系伪造"}

    must(await scene.decide(application, result="refuse", grounds=[ground]))

    assert await scene.state(application) == "refused"
    letter = must(
        await scene.by(scene.supplier).get(f"/api/v1/applications/{application}/refusal-letter")
    )
    assert letter["ruleset"] == NDA
    assert letter["grounds"][0]["title"] == "隐瞒有关情况或者提供虚假证明"
    assert (await nda.clock_of(application, "review", timer_state="met"))["due_on"] == "2026-07-20"


async def test_what_must_be_handed_in_is_named_by_the_national_article(nda: National) -> None:
    application = str(must(await nda.draft())["id"])

    refused = await nda.scene.submit(application)

    assert code(refused) == "material_missing"
    assert "NDA35-33" in refused.json()["facts"]["rules"]
    assert "security_compliance_statement" not in refused.json()["facts"]["kinds"]


async def test_rights_are_missing_or_strange_when_handed_in(nda: National) -> None:
    own = str(nda.scene.supplier.party.id)
    none = await nda.drafted(rights=[])
    missing = await nda.scene.submit(none)
    nda.scene.product_id = await nda.scene.describe(name="另一产品")
    twice = await nda.drafted(rights=[{"right": "use", "party_id": own}] * 2)
    doubled = await nda.scene.submit(twice)

    assert code(missing) == "rights_missing"
    assert code(doubled) == "right_named_twice"


async def test_nothing_is_handed_in_for_a_right_holder_that_has_not_consented(
    nda: National,
) -> None:
    scene = nda.scene
    other = scene.objector
    claimed = [
        {"right": "hold", "party_id": str(scene.supplier.party.id)},
        {"right": "use", "party_id": str(other.party.id)},
        {"right": "operate", "party_id": str(other.party.id)},
    ]
    application = await nda.drafted(rights=claimed)

    alone = await scene.submit(application)
    strange = await scene.by(scene.agency).get(f"/api/v1/applications/{application}/dossier")
    must(await nda.consent(application, other))
    must(await scene.hand_in(application, "source_proof", "另一份来源证明"))
    void = await scene.submit(application)
    must(await nda.consent(application, other))
    must(await scene.submit(application))

    assert (alone.status_code, code(alone)) == (409, "owner_consent_missing")
    assert alone.json()["facts"] == {"owners": [other.party.name], "void": []}
    assert void.json()["facts"]["void"] == [other.party.name]
    assert strange.status_code == 404
    assert "right_holder_named" in await inbox(scene, other)


async def test_a_right_holder_that_takes_its_consent_back_stops_the_registration(
    nda: National,
) -> None:
    scene = nda.scene
    claimed = [{"right": "operate", "party_id": str(scene.objector.party.id)}]
    application = await nda.ready(rights=claimed, consenting=(scene.objector,))
    must(
        await scene.by(scene.objector).post(
            f"/api/v1/applications/{application}/consent-withdrawals", {"reason": "未曾约定"}
        )
    )

    refused = await scene.issue(application)

    assert code(refused) == "owner_consent_missing"
    assert await scene.state(application) == "ready_to_issue"


# ── 35号: silence ───────────────────────────────────────────────────────────────────────────


async def test_silence_accepts_on_the_next_working_day_and_not_a_second_before(
    nda: National,
) -> None:
    scene = nda.scene
    application = await nda.submitted()
    # Handed in on Monday the 6th: three working days end with Thursday, Friday accepts.
    states = []
    for day, hour in ((9, 23), (10, 0)):
        await go_to(scene, dt.date(2026, 7, day), hour)
        await run_jobs(scene)
        states.append(await scene.state(application))

    assert states == ["submitted", "accepted"]
    clock = await nda.clock_of(application, "review")
    assert (clock["started_on"], clock["due_on"]) == ("2026-07-10", "2026-07-24")
    found = await scene.read(application)
    assert found["acceptance_opinions"][-1]["reasons"] == ["逾期未答复，视为受理"]
    assert found["acceptance_opinions"][-1]["decided_by"] is None
    assert "application_accepted" in await inbox(scene, scene.supplier)
    must(await nda.start_review(application))


async def test_the_week_before_a_long_holiday_counts_its_make_up_days(nda: National) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 9, 29))
    application = await nda.submitted()
    # 30 September, 8 and 9 October; then Saturday the 10th, which is worked.
    for day in (9, 10):
        await go_to(scene, dt.date(2026, 10, day), 1)
        await run_jobs(scene)

    clock = await nda.clock_of(application, "review")

    assert clock["started_on"] == "2026-10-10"


async def test_a_late_job_takes_the_same_day_and_nobody_answers_after_silence(
    nda: National,
) -> None:
    scene = nda.scene
    application = await nda.submitted()
    await go_to(scene, dt.date(2026, 7, 14))

    late = await scene.accept(
        application, result="not_accepted_out_of_scope", reasons=["不属于范围"]
    )
    await run_jobs(scene)

    assert code(late) == "accepted_by_silence"
    assert late.json()["facts"]["accepted_on"] == "2026-07-10"
    assert (await nda.clock_of(application, "review"))["started_on"] == "2026-07-10"


async def test_nothing_is_accepted_on_a_day_that_is_only_provisional(nda: National) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 12, 29))
    application = await nda.submitted()
    await go_to(scene, dt.date(2027, 1, 20))

    await run_jobs(scene)

    assert await scene.state(application) == "submitted"
    must(await scene.accept(application))


async def test_hainan_and_26_accept_nothing_by_silence(ndrc: National) -> None:
    scene = ndrc.scene
    national = await ndrc.submitted()
    scene.product_id = await scene.describe(name="另一产品")
    hainan = await scene.submitted()
    await go_to(scene, dt.date(2026, 9, 1))

    await run_jobs(scene)

    assert [await scene.state(each) for each in (national, hainan)] == ["submitted"] * 2


# ── 35号: corrections ───────────────────────────────────────────────────────────────────────


async def to_correct(nda: National) -> str:
    application = await nda.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await nda.scene.accept(application, result="correction_required", items=[item]))
    return application


async def test_what_was_not_corrected_in_its_days_was_never_filed(nda: National) -> None:
    scene = nda.scene
    application = await to_correct(nda)
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    # Thirty days from 6 July end on 5 August, a Wednesday.
    await scene.move_past(dt.date(2026, 8, 5))
    late = await scene.resubmit(application)
    assert code(late) == "correction_too_late"

    await run_jobs(scene)

    assert await scene.state(application) == "unfiled"
    assert (await nda.draft()).status_code == 201


async def test_a_correction_in_time_starts_the_three_days_anew(nda: National) -> None:
    scene = nda.scene
    application = await to_correct(nda)
    await go_to(scene, dt.date(2026, 7, 15))
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    must(await scene.resubmit(application))

    clock = await nda.clock_of(application, "acceptance")

    assert (clock["started_on"], clock["due_on"]) == ("2026-07-15", "2026-07-20")


# ── 35号: ten and ten, and what stops them ──────────────────────────────────────────────────


async def test_more_days_are_taken_once_with_a_reason_and_told(nda: National) -> None:
    scene = nda.scene
    application = await nda.under_review()
    bare = await nda.extend(application, " ")
    must(await nda.extend(application))
    again = await nda.extend(application)

    clock = await nda.clock_of(application, "review")

    assert code(bare) == "review_extension_reason_missing"
    assert code(again) == "review_not_extendable"
    # Ten working days from 6 July end on the 20th, ten more on 3 August.
    assert (clock["due_on"], clock["extended_by"], clock["note"]) == ("2026-08-03", 10, "情况复杂")
    assert (await inbox(scene, scene.supplier))[0] == "review_extended"


async def test_more_days_come_too_late_after_the_last(nda: National) -> None:
    application = await nda.under_review()
    await nda.scene.move_past(dt.date(2026, 7, 20))

    assert code(await nda.extend(application)) == "review_not_extendable"


async def test_hainan_and_26_know_no_more_days_and_no_waiver(ndrc: National) -> None:
    scene = ndrc.scene
    running = await ndrc.under_review()
    no_more_days = await ndrc.extend(running)
    must(await ndrc.opinion(running))
    must(await scene.decide(running))
    scene.product_id = await scene.describe(name="另一产品")
    hainan = await scene.reviewed()

    no_waivers = [await ndrc.waive(running), await ndrc.waive(hainan)]

    assert code(no_more_days) == "review_not_extendable"
    assert [code(each) for each in no_waivers] == ["notice_not_waivable"] * 2
    assert await scene.state(hainan) == "review_passed"


async def test_a_supplement_inside_an_objection_inside_a_notice_takes_each_day_once(
    nda: National,
) -> None:
    scene = nda.scene
    application, notice = await nda.in_notice()  # the 6th to the 13th
    await go_to(scene, dt.date(2026, 7, 9))
    objection = must(await scene.object_to(notice_id=notice))["id"]
    await scene.move_past(dt.date(2026, 7, 13))
    assert await scene.state(application) == "objection_hold"
    await go_to(scene, dt.date(2026, 7, 16))
    must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": "dismiss", "reasons": "异议不成立"},
        )
    )

    clock = await nda.clock_of(application, "review")

    assert [pause["cause"] for pause in clock["pauses"]] == ["public_notice", "objection"]
    # Nothing counted from the 7th to the 16th: ten working days from Friday the 17th on.
    assert (clock["state"], clock["due_on"]) == ("open", "2026-07-30")
    assert await scene.state(application) == "ready_to_issue"


async def test_waiting_for_material_stops_the_ten_days(nda: National) -> None:
    scene = nda.scene
    application = await nda.under_review()
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/applications/{application}/material-requests",
            {"items": ["采集合同"], "reason": "核实来源"},
        )
    )
    await go_to(scene, dt.date(2026, 7, 10))
    file = await scene.upload(scene.supplier, "采集合同")
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/supplements",
            {"answers": [{"item": "采集合同", "file_id": file}]},
        )
    )

    assert (await nda.clock_of(application, "review"))["due_on"] == "2026-07-24"


# ── 35号: the notice ────────────────────────────────────────────────────────────────────────


async def test_a_notice_is_waived_with_a_reason_that_the_certificate_states(
    nda: National,
) -> None:
    scene = nda.scene
    application = await nda.reviewed()
    bare = await nda.waive(application, " ")
    strangers = await scene.by(scene.supplier).post(
        f"/api/v1/applications/{application}/notice-waivers", {"reason": "x"}
    )
    must(await nda.waive(application, "涉及商业秘密，经核实"))
    issued = must(await scene.issue(application))

    assert code(bare) == "notice_waiver_reason_missing"
    assert code(strangers) == "permission_missing"
    assert issued["content"]["notice_waived"] == "涉及商业秘密，经核实"
    assert "notice" not in issued["content"]
    assert (await scene.read(application))["notice_waiver"]["reason"] == "涉及商业秘密，经核实"
    assert code(await nda.waive(application)) == "registration_event_not_allowed"


async def test_a_notice_on_the_national_system_needs_its_receipt(nda: National) -> None:
    application = await nda.reviewed()

    without = await nda.scene.publish(application)
    malformed = await nda.publish(application, receipt_sha256="abc")

    assert [code(each) for each in (without, malformed)] == ["notice_receipt_malformed"] * 2
    assert await nda.scene.state(application) == "review_passed"


async def test_an_objection_that_is_upheld_in_the_notice_refuses_at_once(nda: National) -> None:
    scene = nda.scene
    application, notice = await nda.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    clock = await nda.clock_of(objection, "objection_recheck")
    assert (clock["started_on"], clock["due_on"]) == ("2026-07-06", "2026-07-20")
    assert code(await scene.issue(application)) == "notice_period_running"

    determined = must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": "uphold", "reasons": "数据系异议人采集"},
        )
    )

    assert (determined["state"], determined["closing"]) == ("closed", "rechecked")
    assert await scene.state(application) == "refused"
    assert (await scene.read(application))["review_decisions"][-1]["grounds"][0]["ground"] == (
        "unresolved_ownership_dispute"
    )
    assert (await inbox(scene, scene.supplier))[0] == "objection_closed"
    met = await nda.clock_of(objection, "objection_recheck", timer_state="met")
    assert met["period"]["source"] == "NDA35-25"


async def test_the_certificate_s_objection_is_told_within_five_working_days(
    nda: National,
) -> None:
    scene = nda.scene
    _, number = await nda.waived()

    objection = str(must(await scene.object_to(certificate_number=number))["id"])

    clock = await nda.clock_of(objection, "objection_forwarding")
    assert (clock["period"]["source"], clock["due_on"]) == ("NDA35-29", "2026-07-13")
    kept = {"outcome": "keep", "reasons": "x"}
    early = await scene.objection_step(objection, "determinations", scene.adjudicator, kept)
    assert code(early) == "objection_event_not_allowed"


# ── 35号: the same right once ───────────────────────────────────────────────────────────────


async def same_content(scene: Scene, name: str) -> str:
    """Return another product with the same bytes."""
    product = await scene.describe(name=name)
    file = await scene.upload(scene.supplier, "一模一样的内容")
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/products/{product}/contents", {"file_id": file}
        )
    )
    return product


async def test_the_same_right_of_the_same_content_is_a_conflict_and_another_is_not(
    nda: National,
) -> None:
    scene = nda.scene
    own = str(scene.supplier.party.id)
    scene.product_id = await same_content(scene, "产品甲")
    await nda.waived(rights=[{"right": "hold", "party_id": own}])
    scene.product_id = await same_content(scene, "产品乙")
    other_right = await nda.reviewed(rights=[{"right": "operate", "party_id": own}])
    must(await nda.waive(other_right))
    allowed = await scene.issue(other_right)
    scene.product_id = await same_content(scene, "产品丙")
    same_right = await nda.reviewed(rights=[{"right": "hold", "party_id": own}])
    must(await nda.waive(same_right))
    refused = await scene.issue(same_right)

    assert allowed.status_code == 201
    assert code(refused) == "right_registered_already"
    conflicts = {
        each: (await scene.read(each, scene.issuer))["submissions"][-1]["conflicts"]
        for each in (other_right, same_right)
    }
    assert conflicts[other_right] == []
    assert [each["reason"] for each in conflicts[same_right]] == ["same_content"]


# ── 35号: codes ─────────────────────────────────────────────────────────────────────────────


async def set_serial(owner_dsn: str, series: str, serial: int) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(
            "INSERT INTO catalog.code_serials VALUES ($1, $2)"
            " ON CONFLICT (series) DO UPDATE SET last_serial = $2",
            series,
            serial,
        )
    finally:
        await connection.close()


async def test_a_full_month_refuses_by_name_and_the_next_month_goes_on(
    nda: National, owner_dsn: str
) -> None:
    scene = nda.scene
    await set_serial(owner_dsn, "SJ460202607", 9_998)
    _, last = await nda.waived()
    scene.product_id = await scene.describe(name="另一产品")
    application = await nda.reviewed()
    must(await nda.waive(application))

    refused = await scene.issue(application)
    await go_to(scene, dt.date(2026, 8, 1))
    issued = must(await scene.issue(application))

    assert last == "SJ4602026079999"
    assert code(refused) == "national_code_exhausted"
    assert refused.json()["facts"] == {"possible_from": "2026-08-01"}
    assert issued["number"] == "SJ4602026080001"


async def test_the_reserve_digit_goes_on_where_one_is_set(scene: Scene, owner_dsn: str) -> None:
    nda = await offering(scene, NDA, on=MONDAY, code_registrar="3", code_reserve="8")
    await set_serial(owner_dsn, "SJ463202607", 9_999)

    _, number = await nda.waived()

    assert number == "SJ4682026070001"


async def test_two_at_once_get_neighbours_and_a_failed_issue_uses_none_up(
    nda: National, db: Database
) -> None:
    scene = nda.scene
    ready = []
    for name in ("产品一", "产品二", "产品三"):
        scene.product_id = await scene.describe(name=name)
        application = await nda.reviewed()
        must(await nda.waive(application))
        ready.append(application)

    answers = await asyncio.gather(*(scene.issue(each) for each in [*ready, ready[0]]))

    numbers = sorted(a.json()["number"] for a in answers if a.status_code == 201)
    assert numbers == [f"SJ460202607000{n}" for n in (1, 2, 3)]
    async with begin(db, MAKER) as tx:
        last = await tx.fetch_value("SELECT last_serial FROM catalog.code_serials")
    assert last == 3


# ── 26号 ────────────────────────────────────────────────────────────────────────────────────


async def test_public_data_are_registered_for_three_years_after_ten_working_days(
    ndrc: National,
) -> None:
    scene = ndrc.scene
    application = await ndrc.under_review()
    assert (await ndrc.clock_of(application, "review"))["due_on"] == "2026-08-03"
    must(await ndrc.opinion(application))
    must(await scene.decide(application))
    notice = str(must(await ndrc.publish(application))["id"])
    shown = must(await scene.api.get(f"/api/v1/notices/{notice}"))
    assert (shown["starts_on"], shown["ends_on"]) == ("2026-07-06", "2026-07-20")
    assert shown["public_fields"]["registration_type"] == "initial"
    await scene.pass_notice(notice)

    issued = must(await scene.issue(application))

    assert issued["number"].startswith("HN-GG-2026-0000001")
    assert issued["content"]["valid_through"] == "2029-07-21"
    assert issued["content"].get("rights", []) == []


async def test_the_term_of_the_operation_counts_if_it_is_shorter(ndrc: National) -> None:
    application = await ndrc.ready(term_ends_on="2028-02-29")

    issued = must(await ndrc.scene.issue(application))

    assert issued["valid_through"] == "2028-02-29"


async def test_an_upheld_objection_terminates_under_26(ndrc: National) -> None:
    scene = ndrc.scene
    application, notice = await ndrc.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    found = must(await scene.by(scene.regulator).get("/api/v1/timers", subject_id=objection))
    assert found["items"] == []  # how long the re-check may take could not be read

    must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": "uphold", "reasons": "经核查属实"},
        )
    )

    assert await scene.state(application) == "terminated"
    assert (await ndrc.draft()).status_code == 201


async def test_a_correction_restarts_the_three_days_under_26(ndrc: National) -> None:
    scene = ndrc.scene
    application = await to_correct(ndrc)
    await go_to(scene, dt.date(2026, 9, 24))
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    must(await scene.resubmit(application))

    # Mid-autumn from the 25th to the 27th: 28, 29, 30 September.
    assert (await ndrc.clock_of(application, "acceptance"))["due_on"] == "2026-09-30"


async def is_registered_for_the_gate(scene: Scene) -> bool:
    drafted = must(
        await scene.by(scene.supplier).post("/api/v1/listings", {"product_id": scene.product_id})
    )
    gate = {item["code"]: item["passed"] for item in drafted["gate"]}
    return bool(gate["public_registration_required"])


async def test_public_data_are_registered_as_such_before_a_right_in_them_is(
    scene: Scene,
) -> None:
    ndrc = await offering(scene, NDRC, on=MONDAY)
    nda = await offering(scene, NDA, on=dt.date(2026, 7, 8))
    catalogue = dict.fromkeys(
        (
            "responsible_department",
            "data_source",
            "update_mechanism",
            "quality_standard",
            "usage_method",
        ),
        "如目录",
    )
    public: dict[str, Any] = {"data_nature": "public", "catalogue": catalogue}
    scene.product_id = await scene.describe(name="公共数据产品", **public)
    early = await nda.reviewed()
    must(await nda.waive(early))
    refused = await scene.issue(early)
    assert not await is_registered_for_the_gate(scene)  # nor is it listed (GD-06)
    scene.product_id = await scene.describe(name="公共数据产品二", **public)
    await ndrc.certified()
    assert await is_registered_for_the_gate(scene)
    late = await nda.reviewed()
    must(await nda.waive(late))

    assert code(refused) == "public_data_registration_first"
    assert (await scene.issue(late)).status_code == 201


async def test_one_product_has_one_registration_under_each_rulebook(scene: Scene) -> None:
    ndrc = await offering(scene, NDRC, on=MONDAY)
    nda = await offering(scene, NDA, on=dt.date(2026, 7, 8))
    _, first = await ndrc.certified()
    _, second = await nda.waived()
    again = await nda.reviewed()
    must(await nda.waive(again))
    twice = await scene.issue(again)

    assert code(twice) == "product_certified_already"
    assert [(await certificate(scene, each))["state"] for each in (first, second)] == ["active"] * 2


# ── what outsiders see ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_the_file_of_a_national_case_is_checked_without_the_service(
    scene: Scene, rulebook: str
) -> None:
    national = await offering(scene, rulebook, on=MONDAY)
    application, number = await national.certified()
    await run_jobs(scene)
    answer = await scene.by(scene.regulator).get(f"/api/v1/applications/{application}/case-file")

    verdict = check.check(answer.content)

    assert verdict.problems == ()
    assert verdict.counts["documents"] == 2  # the registrar's opinion and the certificate
    assert verdict.counts["deadlines counted again"] >= 4
    assert verdict.counts["periods as the rulebook says"] >= 3
    page = archive.unpack(answer.content)[PAGE].decode()
    assert number in page
    assert national.book.title in page
    assert "None" not in page


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_a_national_certificate_is_verified_offline(scene: Scene, rulebook: str) -> None:
    national = await offering(scene, rulebook, on=MONDAY)
    _, number = await national.certified()
    await run_jobs(scene)
    keys = (await scene.api.get("/api/v1/keys")).content
    shown = (await scene.api.get(f"/api/v1/certificates/{number}")).content

    known = msgspec.json.decode(keys, type=Keys)
    verdict = certificates.check(certificates.read(shown), known, parse_vkey(known.log or ""))

    assert verdict.problems == ()
    page = await scene.api.get(f"/certificates/{number}")
    assert page.status_code == 200
    assert "有效期至" in page.text
    assert "合规审查机构" not in page.text
    listed = must(await scene.api.get("/api/v1/certificates"))["items"]
    assert listed[0]["number"] == number
    assert listed[0]["rulebook"] == rulebook


STEPS = {
    "application:drafted": Step.APPLICATION,
    "material:handed_in": Step.MATERIAL,
    "application:submitted": Step.SUBMISSION,
    "application:accepted": Step.ACCEPTANCE,
    "decision:notified": Step.NOTIFICATION,
    "review:started": Step.REVIEW_START,
    "technical_opinion:recorded": Step.OPINION,
    "review:passed": Step.REVIEW,
    "notice:published": Step.NOTICE,
    "notice:ended": Step.NOTICE,
    "objection:filed": Step.OBJECTION_IN_NOTICE,
    "registration:refused": Step.OBJECTION_UPHELD,
    "registration:terminated": Step.OBJECTION_UPHELD,
    "application:withdrawn": Step.WITHDRAWAL,
    "certificate:issued": Step.ISSUE,
}


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_the_log_names_the_articles_of_the_case_s_own_rulebook_at_each_step(
    scene: Scene, rulebook: str
) -> None:
    national = await offering(scene, rulebook, on=MONDAY)
    application, _ = await national.certified()
    scene.product_id = await scene.describe(name="又一产品")
    withdrawn = await national.submitted()
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{withdrawn}/withdrawals", {"reason": "暂不登记"}
        )
    )

    told = await cited(scene.db, f"application:{application}")
    taken_back = await cited(scene.db, f"application:{withdrawn}")

    for event in STEPS.keys() & told.keys():
        assert told[event] == {national.book.cites(STEPS[event])}, event
    assert len(STEPS.keys() & told.keys()) >= 9
    assert taken_back["application:withdrawn"] == {national.book.cites(Step.WITHDRAWAL)}


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_the_log_names_the_national_article_for_an_objection_and_its_end(
    scene: Scene, rulebook: str
) -> None:
    national = await offering(scene, rulebook, on=MONDAY)
    application, notice = await national.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    must(
        await scene.objection_step(
            objection,
            "determinations",
            scene.adjudicator,
            {"outcome": "uphold", "reasons": "权属不实"},
        )
    )

    told = await cited(scene.db, f"application:{application}")

    end = next(
        event for event in told if event in ("registration:refused", "registration:terminated")
    )
    assert told["objection:filed"] == {national.book.cites(Step.OBJECTION_IN_NOTICE)}
    assert told[end] == {national.book.cites(Step.OBJECTION_UPHELD)}
