"""A change of a certificate and a spot check at work are shown to those who have a part in them."""

from __future__ import annotations

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_spot_checks import Checked, answer_all, drawn, scene, step
from tests.makers_changes import RENAMED, Changing
from tests.makers_identity import Member
from tests.makers_registration import make_scene, must
from tests.portal.test_case_pages import LANGUAGES, seen, sign_in
from tests.portal.test_pages_html import check, look

__all__ = ["scene"]


async def good_in_both_languages(api: Api, member: Member, path: str) -> None:
    await sign_in(api, member)
    for language, tag in LANGUAGES:
        response = await look(api, f"{path}?lang={language}")

        assert response.status_code == 200, (path, response.text[:400])
        check(response, tag)


async def test_a_change_is_told_from_its_draft_to_the_new_certificate(
    api: Api, db: Database, clock: ManualClock
) -> None:
    desk = await make_scene(api, db, clock)
    _, number = await desk.certified()
    changing = Changing(desk, number)
    change = await changing.authorised()
    new = must(await changing.issue(change))["number"]
    draft = must(await Changing(desk, new).draft(wanted={"name": "另一名称"}))["id"]
    path = f"/changes/{change}"

    page = await seen(api, desk.issuer, path)  # who keeps the file of what was issued
    begun = await seen(api, desk.supplier, f"/changes/{draft}")

    assert "None" not in page.text
    assert "尚未提交。" in begun.text
    for told in (RENAMED, "变更登记：", "产品增加潮汐因子后更名", "变更登记申请书", "已换发", new):
        assert told in page.text
    story = page.text[page.text.index('class="story"') :]
    steps = ("提交申请", "受理意见", "技术审查意见书", "合规性评估意见书", "审查决定", "授权发证")
    places = [story.index(each) for each in steps]
    assert places == sorted(places)
    for member in (desk.acceptor, desk.objector):
        assert (await seen(api, member, path)).status_code == 404
    for member in (desk.issuer, desk.supplier):
        await good_in_both_languages(api, member, path)


async def test_what_is_to_be_corrected_in_a_change_is_listed(
    api: Api, db: Database, clock: ManualClock
) -> None:
    desk = await make_scene(api, db, clock)
    _, number = await desk.certified()
    changing = Changing(desk, number)
    change = await changing.submitted()
    item = {"target": "material:change_proof", "problem": "缺章", "required_action": "补盖公章"}
    must(
        await changing.accept(
            change, result="correction_required", reasons=["证明不全"], items=[item]
        )
    )

    queue = await seen(api, desk.acceptor, "/queue?against=all")
    page = await seen(api, desk.supplier, f"/changes/{change}")

    assert f"/changes/{change}" in queue.text
    for told in ("待补正", "缺章", "补盖公章", "变更内容的证明材料", "为什么是这一天"):
        assert told in page.text


async def test_a_finding_leads_from_the_queue_to_the_check_with_its_days(scene: Checked) -> None:
    spot_check, told = await drawn(scene)
    must(await step(scene, spot_check, "beginnings"))
    await answer_all(scene, spot_check, told, wrong=1)
    must(await step(scene, spot_check, "conclusions"))
    must(await step(scene, spot_check, "publications", summary="1 项不符合。"))
    listed = must(await scene.by(scene.issuer).get(f"/api/v1/spot-checks/{spot_check}/findings"))
    finding = next(each["id"] for each in listed["items"] if not each["conforms"])
    path = f"/spot-check-findings/{finding}"

    queue = await seen(scene.api, scene.issuer, "/queue?kind=rectification")
    page = await seen(scene.api, scene.issuer, path)

    assert path in queue.text
    for said in ("二〇二六年第一次抽查", "缺页", "整改期限", "2026年3月16日", "责令整改"):
        assert said in page.text
    for member in (scene.issuer, scene.regulator):
        await good_in_both_languages(scene.api, member, path)
    assert (await seen(scene.api, scene.supplier, path)).status_code == 403
    must(
        await step(
            scene,
            spot_check,
            "rectifications",
            scene.issuer,
            finding_id=finding,
            rectification="已补页",
            evidence_file_id=await scene.upload(scene.issuer, "补页"),
        )
    )
    assert "已补页" in (await seen(scene.api, scene.regulator, path)).text
    unknown = "/spot-check-findings/01890000-0000-7000-8000-000000000000"
    assert (await seen(scene.api, scene.regulator, unknown)).status_code == 404
