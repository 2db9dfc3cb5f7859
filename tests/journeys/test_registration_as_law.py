"""What the law lets happen on the way: corrections with a limit, material asked for, core data, letters."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import httpx

from catalog.kernel.db import Database, begin
from catalog.signing.canonical import canonical
from tests.api import code
from tests.makers_identity import MAKER, Member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

HAINAN = "hn-2023-interim"


scene = staged(make_scene)


async def set_value(scene: Scene, name: str, value: Any) -> None:
    """Set an open value of the rulebook, and go to the day from which it counts."""
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN}/settings",
            {"name": name, "value": value, "effective_from": "2026-03-03", "reason": "试行"},
        )
    )
    await scene.move_past(dt.date(2026, 3, 2))
    await scene.sign_in_again()


async def inbox(scene: Scene, who: Member) -> list[str]:
    listed = must(await scene.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in listed["items"]]


# ── corrections ─────────────────────────────────────────────────────────────────────────────


async def to_correct(scene: Scene) -> str:
    application = await scene.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await scene.accept(application, result="correction_required", items=[item]))
    return application


async def test_corrections_have_no_limit_until_one_is_set(scene: Scene) -> None:
    application = await to_correct(scene)
    await scene.move_past(dt.date(2026, 12, 1))

    await scene.api.run_jobs()
    await scene.sign_in_again()

    assert await scene.state(application) == "correction_required"


async def test_what_was_not_corrected_in_time_lapses_and_may_be_applied_for_afresh(
    scene: Scene,
) -> None:
    await set_value(scene, "correction_window", {"length": 30, "unit": "days"})
    application = await to_correct(scene)
    states = []
    # Thirty days from 3 March end on 2 April, a Thursday.
    for seconds in (-1, 1):
        await scene.move_past(dt.date(2026, 4, 2), seconds=seconds)
        await scene.api.run_jobs()
        await scene.sign_in_again()
        states.append(await scene.state(application))

    assert states == ["correction_required", "lapsed"]
    assert (await inbox(scene, scene.supplier))[0] == "application_lapsed"
    assert code(await scene.resubmit(application)) == "registration_event_not_allowed"
    assert (await scene.draft()).status_code == 201


async def test_what_is_corrected_in_time_stops_the_clock(scene: Scene) -> None:
    await set_value(scene, "correction_window", {"length": 30, "unit": "days"})
    application = await to_correct(scene)
    told = must(await scene.by(scene.supplier).get("/api/v1/my/notifications"))["items"][0]
    opened = f"/api/v1/my/notifications/{told['id']}/openings"
    announced = must(await scene.by(scene.supplier).post(opened))
    assert (await scene.read(application))["acceptance_opinions"][0]["correct_by"] == "2026-04-02"
    assert "补正期限至 2026-04-02" in str(announced)
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    must(await scene.resubmit(application))

    await scene.move_past(dt.date(2026, 4, 2))
    await scene.api.run_jobs()
    await scene.sign_in_again()

    assert await scene.state(application) == "submitted"
    clocks = must(
        await scene.by(scene.regulator).get("/api/v1/timers", kind="correction", timer_state="met")
    )
    assert len(clocks["items"]) == 1


async def test_the_bureau_is_told_when_corrections_are_asked_for_again(scene: Scene) -> None:
    application = await to_correct(scene)
    must(await scene.hand_in(application, "source_proof", "盖章的来源证明"))
    must(await scene.resubmit(application))
    item = {"target": "material:application_form", "problem": "缺页", "required_action": "补页"}

    again = {"result": "correction_required", "items": [item]}
    refused = await scene.accept(application, **again)
    must(await scene.accept(application, **again, override_reason="首次漏看"))

    assert code(refused) == "one_time_notice_violation"
    assert "one_time_notice_overridden" in await inbox(scene, scene.regulator)


# ── material asked for during the review ────────────────────────────────────────────────────


async def ask(scene: Scene, application: str, **said: Any) -> httpx.Response:
    body = {"items": ["采集合同", "授权书"], "reason": "核实数据来源"} | said
    return await scene.by(scene.acceptor).post(
        f"/api/v1/applications/{application}/material-requests", body
    )


async def supply(
    scene: Scene, application: str, *items: str, who: Member | None = None
) -> httpx.Response:
    who = who or scene.supplier
    answers = [{"item": item, "file_id": await scene.upload(who, item)} for item in items]
    return await scene.by(who).post(
        f"/api/v1/applications/{application}/supplements", {"answers": answers}
    )


async def review_clock(scene: Scene, application: str) -> dict[str, Any]:
    clocks = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="review", subject_id=application, timer_state="open"
        )
    )["items"]
    (clock,) = clocks
    return dict(clock["timer"])


async def test_what_was_asked_for_is_handed_in_at_once_and_read_by_the_agency(
    scene: Scene,
) -> None:
    application = await scene.under_review()
    due_on = (await review_clock(scene, application))["due_on"]
    must(await ask(scene, application))

    half = await supply(scene, application, "采集合同")
    answered = must(await supply(scene, application, "采集合同", "授权书"))

    assert (code(half), half.json()["facts"]["items"]) == ("supplement_incomplete", ["授权书"])
    assert all(each["sha256"] for each in answered["answer"])
    file = answered["answer"][0]["file_id"]
    assert (await scene.by(scene.agency).get(f"/api/v1/files/{file}")).status_code == 200
    assert (await scene.by(scene.other_agency).get(f"/api/v1/files/{file}")).status_code == 404
    assert (await review_clock(scene, application))["due_on"] == due_on  # A44: it ran on
    assert "material_requested" in await inbox(scene, scene.supplier)


async def test_the_review_waits_for_material_where_the_rulebook_says_so(scene: Scene) -> None:
    await set_value(scene, "review_pauses_for_material", value=True)
    application = await scene.under_review()
    before = await review_clock(scene, application)
    must(await ask(scene, application))
    await scene.move_past(dt.date(2026, 3, 9))
    await scene.sign_in_again()

    must(await supply(scene, application, "采集合同", "授权书"))

    after = await review_clock(scene, application)
    # Asked for on 3 March, handed in on 10 March: five working days do not count.
    assert (before["due_on"], after["due_on"]) == ("2026-04-15", "2026-04-22")
    assert [pause["note"] for pause in after["pauses"]] == ["补充材料"]


async def test_what_may_not_be_asked_for_or_handed_in_is_refused(scene: Scene) -> None:
    application = await scene.submitted()
    early = await ask(scene, application)
    must(await scene.accept(application))
    must(await scene.start_review(application))
    unasked = await supply(scene, application, "采集合同")
    empty = await ask(scene, application, items=[])
    must(await ask(scene, application))

    refused = [
        early,
        unasked,
        empty,
        await ask(scene, application),
        await supply(scene, application, "采集合同", "授权书", who=scene.objector),
    ]

    assert [code(each) for each in refused] == [
        "registration_event_not_allowed",
        "material_not_requested",
        "material_request_empty",
        "material_request_open",
        "permission_missing",
    ]


# ── refusals ────────────────────────────────────────────────────────────────────────────────


async def refuse(scene: Scene, application: str, **ground: Any) -> None:
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))
    must(await scene.decide(application, result="refuse", grounds=[ground], reasons="详见意见"))


async def test_national_core_data_is_locked_away_and_the_bureau_is_alerted(scene: Scene) -> None:
    application = await scene.under_review()
    shown = await scene.read(application)
    file = next(m["file_id"] for m in shown["materials"] if m["file_id"])
    path = f"/api/v1/files/{file}/content"
    assert (await scene.by(scene.supplier).get(path)).status_code == 200

    await refuse(
        scene,
        application,
        ground="national_core_data",
        facts="含未公开的战略资源分布",
        category="national_security",
    )

    for who in (scene.supplier, scene.agency, scene.acceptor):
        denied = await scene.by(who).get(path)
        assert (denied.status_code, code(denied)) == (403, "file_quarantined")
    assert (await scene.by(scene.regulator).get(path)).status_code == 200
    assert (await inbox(scene, scene.regulator))[0] == "national_core_data_found"
    assert await scene.state(application) == "refused"


async def test_a_refusal_comes_with_its_letter_whose_digest_is_in_the_log(
    scene: Scene, db: Database
) -> None:
    application = await scene.under_review()
    none_yet = await scene.by(scene.supplier).get(
        f"/api/v1/applications/{application}/refusal-letter"
    )
    await refuse(
        scene,
        application,
        ground="unlawful_acquisition",
        facts="未经同意爬取",
        law="数据安全法第三十二条",
    )

    shown = must(
        await scene.by(scene.supplier).get(f"/api/v1/applications/{application}/refusal-letter")
    )

    assert code(none_yet) == "refusal_letter_missing"
    assert shown["title"] == "不予办理登记决定书"
    assert shown["grounds"][0]["title"] == "数据获取方式违反法律、行政法规规定"
    digest = hashlib.sha256(canonical(shown)).hexdigest()
    async with begin(db, MAKER) as tx:
        bound = await tx.fetch_value(
            "SELECT convert_from(leaf, 'UTF8') LIKE '%' || $1 || '%' FROM audit_log.waiting"
            " WHERE convert_from(leaf, 'UTF8') LIKE '%registration:refused%'",
            digest,
        )
    assert bound
    assert (await inbox(scene, scene.supplier))[0] == "registration_refused"


async def test_the_same_sources_are_shown_to_the_reviewers(scene: Scene) -> None:
    await scene.submitted()
    scene.product_id = await scene.describe(name="另一名称的产品")
    second = await scene.submitted()
    must(await scene.take(second, scene.acceptor, "acceptance"))

    conflicts = (await scene.read(second, scene.acceptor))["submissions"][-1]["conflicts"]

    assert [each["reason"] for each in conflicts] == ["same_sources"]
