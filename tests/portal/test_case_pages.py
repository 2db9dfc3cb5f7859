"""Who works on a case or has a part in it sees where it stands, who must act by when, and why."""

from __future__ import annotations

import httpx

from tests.api import Api
from tests.makers_identity import PASSWORD, Member
from tests.makers_portal import Desk, make_desk
from tests.makers_registration import must
from tests.portal.test_pages_html import HTML, OWN, Outline, check, look
from tests.stages import staged

LANGUAGES = (("zh", "zh-CN"), ("en", "en"))


desk = staged(make_desk)


async def sign_in(api: Api, member: Member) -> None:
    api.http.cookies.clear()
    response = await api.http.post(
        "/sign-in",
        data={"login": member.account.login, "password": PASSWORD, "next": "/queue"},
        headers=HTML | OWN,
    )
    assert response.status_code == 303


async def seen(api: Api, member: Member, path: str) -> httpx.Response:
    await sign_in(api, member)
    return await look(api, path)


async def test_every_page_of_the_desk_is_there_in_both_languages_and_leads_somewhere(
    api: Api, desk: Desk
) -> None:
    for member, pages in (
        (desk.scene.acceptor, desk.pages_of_staff()),
        (desk.scene.supplier, desk.pages_of_the_supplier()),
    ):
        await sign_in(api, member)
        links: set[str] = set()
        for path in pages:
            for language, tag in LANGUAGES:
                joint = "&" if "?" in path else "?"
                response = await look(api, f"{path}{joint}lang={language}")

                assert response.status_code == 200, (path, response.text[:400])
                outline = check(response, tag)
                links |= {link.partition("#")[0] for link in outline.links}
        broken = [
            (link, response.status_code)
            for link in sorted(links)
            if link.startswith("/") and not link.startswith("/docs")
            for response in [await look(api, link)]
            if response.status_code not in (200, 303)
        ]

        assert broken == []


async def test_the_queue_stands_under_its_heads_with_the_day_in_words(api: Api, desk: Desk) -> None:
    response = await seen(api, desk.scene.acceptor, "/queue")

    text = response.text
    assert text.index("严重超期") < text.index("即将到期") < text.index("未到期")
    assert "2026年3月5日 星期四 24时止" in text
    assert "超期 7 个工作日" in text
    assert f"/applications/{desk.late}" in text
    assert "<script>" not in text


async def test_staff_see_first_what_the_operator_owes_and_the_rest_on_asking(
    api: Api, desk: Desk
) -> None:
    own = await seen(api, desk.scene.acceptor, "/queue")
    everybodys = await look(api, "/queue?against=all")

    assert "反馈说明" not in own.text
    assert "反馈说明" in everybodys.text


async def test_why_it_is_that_day_is_counted_day_by_day_with_the_number_of_the_notice(
    api: Api, desk: Desk
) -> None:
    queue = must(await desk.scene.by(desk.scene.acceptor).get("/api/v1/work-queue"))
    timer = next(
        item["timer"]["id"] for item in queue["items"] if item["timer"]["subject_id"] == desk.late
    )

    page = await seen(api, desk.scene.acceptor, f"/queue/{timer}")

    assert "2026年3月5日 星期四 24时止" in page.text
    assert "自2026年3月2日 星期一起算，当日不计入" in page.text
    assert [f"第 {n} 日" in page.text for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "国办发明电〔2025〕7号" in page.text


async def test_an_applicant_sees_its_case_with_the_corrections_and_whose_turn_it_is(
    api: Api, desk: Desk
) -> None:
    page = await seen(api, desk.scene.supplier, f"/applications/{desk.to_correct}")

    text = page.text
    assert "待补正" in text
    assert "第 3 页缺失" in text
    assert "数据来源证明" in text
    assert "联系电话" in text
    assert "申请人应按一次性补正清单补正" in text
    assert "为什么是这一天" in text
    assert "下载卷宗" in text


async def test_a_draft_of_which_nothing_is_known_yet_is_a_page_too(api: Api, desk: Desk) -> None:
    page = await seen(api, desk.scene.supplier, f"/applications/{desk.draft}")

    assert "尚未提交。" in page.text
    assert "还没有提交材料。" in page.text
    assert "下载卷宗" not in page.text


async def test_the_story_of_a_case_is_told_in_order(api: Api, desk: Desk) -> None:
    page = await seen(api, desk.scene.technical, f"/applications/{desk.objected}")

    story = page.text[page.text.index('class="story"') :]
    steps = (
        "提交申请",
        "受理意见",
        "技术审查意见书",
        "合规性评估意见书",
        "审查决定",
        "公示发布",
        "收到异议",
    )
    places = [story.index(step) for step in steps]
    assert places == sorted(places)


async def test_each_side_sees_the_objection_and_the_other_sides_secret_by_its_digest_only(
    api: Api, desk: Desk
) -> None:
    path = f"/objections/{desk.objection}"
    objector = await seen(api, desk.scene.objector, path)
    registrant = await seen(api, desk.scene.supplier, path)

    assert objector.text.count("材料.pdf") == 2
    assert registrant.text.count("材料.pdf") == 1
    assert "商业秘密，仅示摘要" in registrant.text
    assert "反馈说明" in registrant.text
    assert "2026年3月9日" in registrant.text


async def test_a_foreign_case_is_a_page_that_says_there_is_none(api: Api, desk: Desk) -> None:
    queue = must(await desk.scene.by(desk.scene.acceptor).get("/api/v1/work-queue"))
    await sign_in(api, desk.scene.objector)

    for path in (
        f"/applications/{desk.late}",
        f"/queue/{queue['items'][0]['timer']['id']}",
        "/objections/01890000-0000-7000-8000-000000000000",
    ):
        response = await look(api, path)

        assert response.status_code in (403, 404), path
        check(response, "zh-CN")


async def test_who_is_not_signed_in_is_asked_to(api: Api, desk: Desk) -> None:
    for path in ("/queue", "/applications", f"/objections/{desk.objection}"):
        response = await look(api, path)

        assert (response.status_code, response.headers["location"][:14]) == (303, "/sign-in?next=")


async def test_menus_show_only_what_one_may_open(api: Api, desk: Desk) -> None:
    nobody = Outline((await look(api, "/")).text).links
    buyer = Outline((await seen(api, desk.scene.objector, "/inbox")).text).links
    staff = Outline((await seen(api, desk.scene.acceptor, "/inbox")).text).links

    assert not {"/queue", "/applications", "/objections", "/inbox"} & set(nobody)
    assert {"/queue", "/objections", "/inbox"} <= set(buyer)
    assert {"/queue", "/applications", "/objections", "/reports"} <= set(staff)
