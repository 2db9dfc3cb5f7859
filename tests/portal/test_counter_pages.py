"""The catalogue's later pages as a browser without scripts gets them, and what their forms do."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.http.auth import SESSION_COOKIE
from market.http.policies.pages import PAGES
from market.http.wording import words
from market.identity.permissions import Role
from market.jobs import take_batches
from market.portal.pages_about import SITE_MAP
from tests.api import Api
from tests.makers_counter import LINES, Counter, as_csv, make_counter
from tests.makers_identity import Member, make_member
from tests.makers_portal import HOSTILE
from tests.makers_registration import must
from tests.makers_shelves import described, show
from tests.portal.test_pages_html import HTML, OWN, Outline, check, look
from tests.stages import staged

counter = staged(make_counter)


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def section(text: str, anchor: str) -> str:
    return text.split(f'<h2 id="{anchor}"')[1].split("</section>", maxsplit=1)[0]


def by(api: Api, who: Member | None) -> None:
    api.http.cookies.clear()
    if who is not None:
        api.http.cookies.set(SESSION_COOKIE, who.token)


async def key_of(api: Api, path: str) -> str:
    """Return the key that the form on a page carries."""
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', (await look(api, path)).text)
    assert found is not None, path
    return found.group(1)


async def send(
    api: Api, path: str, at: str | None = None, *, once: str | None = None, **fields: str
) -> httpx.Response:
    """Send a form of the page ``at`` to ``path``."""
    key = once or await key_of(api, at or path)
    return await api.http.post(path, data={"once": key} | fields, headers=HTML | OWN)


async def test_every_later_page_is_there_in_both_languages(api: Api, counter: Counter) -> None:
    for who, paths in [(None, counter.public_pages()), *counter.pages_of()]:
        for path in paths:
            for language, tag in (("zh", "zh-CN"), ("en", "en")):
                by(api, who)
                page = await look(api, f"{path}{'&' if '?' in path else '?'}lang={language}")

                assert page.status_code == 200, (path, page.text[:500])
                check(page, tag)
                assert "<script>alert" not in page.text
                assert not re.search(r">\s*bj_\d\s*<", page.text)


async def test_every_link_of_a_later_page_leads_somewhere(api: Api, counter: Counter) -> None:
    astray = {}
    for who, paths in [(None, counter.public_pages()), *counter.pages_of()]:
        by(api, who)
        links = {link for path in paths for link in Outline((await look(api, path)).text).links}
        # A bundle of proofs is there once a checkpoint has the product; its own tests tell.
        inner = {each.partition("#")[0] for each in links if each.startswith("/")}
        for link in sorted(each for each in inner if "/proof-bundles/" not in each):
            by(api, who)
            answer = await look(api, link)
            if answer.status_code not in (200, 303):
                astray[link] = answer.status_code

    assert astray == {}


async def test_open_data_say_on_their_page_what_the_licence_allows_and_where_they_are(
    api: Api, counter: Counter
) -> None:
    text = (await look(api, f"/products/{counter.opened}")).text
    usage = section(text, "usage")

    assert f'href="/api/v1/open-data/{counter.opened}/content" download' in section(text, "open")
    assert "许可：知识共享 署名 4.0" in plain(section(text, "open"))
    assert "可以免费使用，包括商业使用。" in usage
    assert "使用时须注明数据来源。" in usage
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in usage
    assert "开放数据不收费" in section(text, "price")
    assert f'href="/zones/{counter.zone}"' in section(text, "what")
    assert f'href="/collections/{counter.collection}"' in section(text, "what")


async def test_a_products_issues_are_counted_for_all_and_told_to_its_parties_alone(
    api: Api, counter: Counter
) -> None:
    path = f"/products/{counter.opened}"
    everybody = section((await look(api, path)).text, "issues")
    by(api, counter.supplier)
    supplier = section((await look(api, path)).text, "issues")
    by(api, counter.reviewer)
    house = section((await look(api, path)).text, "issues")

    assert "处理中 3 项，已答复 3 项" in plain(everybody)
    assert "/quality-issues" not in everybody
    assert "已办结" in supplier
    assert f"/quality-issues/{counter.issues['closed']}" in supplier
    # What a house reads of others is remembered, and here it would not be.
    assert f'href="/quality-issues?product_id={counter.opened}"' in house
    assert counter.issues["closed"] not in house


async def test_a_level_is_told_in_words_where_no_rows_are_shown(api: Api, counter: Counter) -> None:
    level = {"category": "行业数据", "level": "bj_2", "scheme": "DB11/T 1918"}
    mine = api.as_(counter.supplier.token)
    made = must(await mine.post("/api/v1/products", described(classification=level)))["id"]
    file_id = must(await mine.upload(b"a,b\n1,2\n", "a.csv", "text/csv"))["id"]
    must(await mine.post(f"/api/v1/products/{made}/contents", {"file_id": file_id}))
    must(await mine.post(f"/api/v1/products/{made}/profiles"))
    await show(api.context.db, api.clock, made)
    text = section((await look(api, f"/products/{made}")).text, "preview")

    assert "级别为“二级”的数据不展示样例" in text


async def test_anybody_asks_for_data_and_looks_the_answer_up_by_the_code_shown_once(
    api: Api, counter: Counter
) -> None:
    key = await key_of(api, "/data-demands/new")
    asked = {"title": "公交到站", "text": "用于出行服务。", "contact": "13800138000"}
    first = await send(api, "/data-demands/new", once=key, **asked)
    again = await send(api, "/data-demands/new", once=key, **asked)
    secret = re.search(r'<code id="secret">([^<]+)</code>', first.text)
    assert secret is not None
    found = await api.http.post(
        "/data-demands/look-up", data={"secret": f" {secret.group(1)} "}, headers=HTML | OWN
    )
    unknown = await api.http.post("/data-demands/look-up", data={"secret": "x"}, headers=HTML | OWN)

    assert (first.status_code, found.status_code, unknown.status_code) == (201, 200, 404)
    check(first, "zh-CN")
    assert 'id="secret"' not in again.text
    assert "已经提交过" in again.text
    check(found, "zh-CN")
    assert "公交到站" in found.text
    assert "已收到，办理中" in found.text
    check(unknown, "zh-CN")
    assert "没有这个查询码" in unknown.text
    assert first.headers["cache-control"] == "no-store"


async def test_the_authority_joins_demands_and_answers_them_by_forms(
    api: Api, counter: Counter
) -> None:
    second = must(
        await api.post("/api/v1/data-demands", {"title": "降水", "text": "逐小时降水，用于保险。"})
    )
    by(api, counter.regulator)
    path = "/data-demands/desk"
    desk = (await look(api, path)).text
    first = next(
        each
        for each in re.findall(r'action="/data-demands/([0-9a-f-]+)/answers"', desk)
        if each != second["id"]
    )
    joined = await send(api, f"/data-demands/{second['id']}/joinings", path, into=first)
    reply = {
        "outcome": "declined",
        "title": "逐小时降水",
        "text": "暂不开放。",
        "department": "省气象局",
        "demand": first,
    }
    personal = await send(
        api, f"/data-demands/{first}/answers", path, **(reply | {"text": "请拨打 13800138000"})
    )
    planned = await send(
        api, f"/data-demands/{first}/answers", path, **(reply | {"outcome": "planned"})
    )
    answered = await send(api, f"/data-demands/{first}/answers", path, **reply)
    empty = (await look(api, path)).text
    by(api, None)
    public = plain((await look(api, "/data-demands")).text)
    closed = await look(api, path)

    assert (joined.status_code, answered.status_code, closed.status_code) == (303, 303, 303)
    assert (personal.status_code, planned.status_code) == (422, 422)
    assert "请拨打 13800138000" in personal.text
    assert "“列入年度计划”" in planned.text
    assert "没有待办的需求" in empty
    assert "暂不开放。 省气象局" in public
    assert "2 人次提出" in public


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "公交"}, words("form_field_invalid", {}).zh),
        ({"title": "长" * 201, "text": "用途"}, "有一项没有填写"),
        ({"title": "公\x07交", "text": "用途"}, "字符"),
    ],
)
async def test_a_demand_that_is_none_is_shown_again_as_it_was_typed(
    api: Api, counter: Counter, fields: dict[str, str], said: str
) -> None:
    refused = await send(api, "/data-demands/new", **fields)

    assert refused.status_code == 422
    assert said in refused.text
    assert fields["title"][:3].replace("\x07", "") in refused.text


async def test_a_form_that_is_not_ours_changes_nothing(api: Api, counter: Counter) -> None:
    by(api, counter.head)
    words = {"words": "码头、泊位", "reason": "行业用语"}
    without = await api.http.post("/synonyms", data=words, headers=HTML | OWN)
    key = await key_of(api, "/synonyms")
    foreign = await api.http.post(
        "/synonyms",
        data=words | {"once": key},
        headers=HTML | {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    )

    assert (without.status_code, foreign.status_code) == (400, 403)
    table = (await api.get("/api/v1/synonym-table")).json()["groups"]
    assert ["码头", "泊位"] not in table


async def test_the_operator_keeps_synonyms_by_forms(api: Api, counter: Counter) -> None:
    by(api, counter.head)
    key = await key_of(api, "/synonyms")
    words = {"words": "码头、泊位\n岸线", "reason": "行业用语"}
    added = await send(api, "/synonyms", once=key, **words)
    twice = await send(api, "/synonyms", once=key, **words)
    known = await send(api, "/synonyms", **words)
    page = (await look(api, "/synonyms?word=泊位")).text
    group = re.search(r'action="(/synonyms/[0-9a-f-]+/removals)"', page)
    proposed = re.search(
        r'action="(/synonyms/[0-9a-f-]+/decisions)"',
        (await look(api, "/synonyms?status=proposed")).text,
    )
    assert group is not None
    assert proposed is not None
    removed = await send(api, group.group(1), "/synonyms", reason="有误")
    confirmed = await send(
        api, proposed.group(1), "/synonyms?status=proposed", decision="confirm", reason="属实"
    )
    lists = "帆船、游艇\n灯塔，航标；灯浮"
    imported = await send(api, "/synonym-imports", "/synonyms", groups=lists, reason="清单")
    nothing = await send(api, "/synonym-imports", "/synonyms", groups="{", reason="清单")
    changes = plain((await look(api, "/synonym-changes")).text)
    table = [set(each) for each in (await api.get("/api/v1/synonym-table")).json()["groups"]]

    assert {added.status_code, twice.status_code, removed.status_code} == {303}
    assert {confirmed.status_code, imported.status_code} == {303}
    assert (known.status_code, nothing.status_code) == (409, 422)
    assert "码头、泊位" in known.text
    check(known, "zh-CN")
    assert {"帆船", "游艇"} in table
    assert {"灯塔", "航标", "灯浮"} in table
    assert not any("泊位" in each for each in table)
    assert "码头、泊位、岸线 已移除 有误" in changes


async def test_who_only_proposes_or_only_looks_sees_no_more(
    api: Api, db: Database, clock: ManualClock, counter: Counter
) -> None:
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())
    everybody = await look(api, "/synonyms")
    closed = await look(api, "/synonyms?status=proposed")
    by(api, acceptor)
    page = await look(api, "/synonyms")
    proposal = await send(
        api, "/synonym-proposals", "/synonyms", words="码头,泊位", reason="行业用语"
    )
    refused = await send(api, "/synonyms", "/synonyms", words="码头,泊位", reason="行业用语")

    assert '<form action="/synonyms" method="post"' not in everybody.text
    assert closed.status_code == 403
    assert "/synonym-proposals" in page.text
    assert "/synonym-imports" not in page.text
    assert (proposal.status_code, refused.status_code) == (303, 403)


async def test_an_issue_is_reported_traced_handed_over_answered_and_closed_by_forms(
    api: Api, counter: Counter
) -> None:
    report = f"/products/{counter.opened}/quality-issues"
    by(api, counter.buyer)
    said = {"dimension": "timeliness", "description": "三月没有更新", "row": "7"}
    wrong = await send(api, report, **(said | {"row": "seven"}))
    reported = await send(api, report, **said)
    place = reported.headers["location"]
    by(api, counter.reviewer)
    option = re.search(r'<option value="([0-9a-f-]+)"', (await look(api, place)).text)
    assert option is not None
    steps = [await send(api, f"{place}/hops", place, product_id=option.group(1), result="属实")]
    after = (await look(api, place)).text
    steps.append(await send(api, f"{place}/assignments", place))
    early = await send(api, f"{place}/feedbacks", feedback="太早", once=FRESH)
    by(api, counter.supplier)
    steps.append(await send(api, f"{place}/answers", place, answer="fixed", reply="已补更新"))
    by(api, counter.reviewer)
    steps.append(await send(api, f"{place}/feedbacks", place, feedback="已补更新，请核对"))
    by(api, counter.buyer)
    inbox = (await api.as_(counter.buyer.token).get("/api/v1/my/notifications")).json()["items"]
    message = inbox[0]["id"]
    await api.http.post(f"/inbox/{message}", headers=HTML | OWN)
    letter = (await look(api, f"/inbox/{message}")).text
    steps.append(await send(api, f"{place}/closures", place))
    story = plain((await look(api, place)).text)

    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    assert [each.status_code for each in steps] == [303] * 5
    assert "沿海自动气象站小时观测" in after  # the source of what was looked at comes next
    assert early.status_code == 409
    assert "已交提供方处理" in early.text
    assert "“反馈”" in early.text
    assert f'href="{place}"' in letter
    assert "提供方答复： 已补更新" in story
    assert "已办结" in story


FRESH = "00000000-0000-7000-8000-000000000000"


async def test_what_houses_read_of_quality_is_remembered_and_others_find_nothing(
    api: Api, db: Database, clock: ManualClock, counter: Counter
) -> None:
    stranger = await make_member(db, Role.BUYER, now=clock.now())
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    place = f"/quality-issues/{counter.issues['assigned']}"
    by(api, stranger)
    hidden = await look(api, place)
    by(api, counter.regulator)
    await look(api, place)
    await look(api, "/chief-data-officers")
    read = await api.as_(auditor.token).find_in_log(action="record:read")

    assert hidden.status_code == 404
    routes = {each["payload"]["facts"]["route"] for each in read}
    assert {"/quality-issues/{issue_id}", "/chief-data-officers"} <= routes


async def test_a_search_is_kept_from_its_page_told_of_renamed_and_removed(
    api: Api, counter: Counter
) -> None:
    by(api, counter.buyer)
    search = (await look(api, "/products?q=港口&form=data_api")).text
    keep = re.search(r'href="(/my/saved-searches\?[^"]+)"', search)
    assert keep is not None
    address = html.unescape(keep.group(1))
    form = (await look(api, address)).text
    fields = {"q": "港口", "form": "data_api"}
    kept = await send(api, "/my/saved-searches", address, name="港口接口", **fields)
    taken = await send(api, "/my/saved-searches", address, name="港口接口", **fields)
    place = kept.headers["location"]
    told = (await look(api, f"/my/saved-searches/{counter.saved}")).text
    renamed = await send(api, f"{place}/names", "/my/saved-searches", name="港区接口")
    listed = (await look(api, "/my/saved-searches")).text
    removed = await send(api, f"{place}/removals", "/my/saved-searches")
    gone = await look(api, place)
    by(api, counter.supplier)
    foreign = await look(api, f"/my/saved-searches/{counter.saved}")

    assert 'name="q" value="港口"' in form
    assert "产品形式" in form
    assert [each.status_code for each in (kept, renamed, removed)] == [303] * 3
    assert taken.status_code == 409
    check(taken, "zh-CN")
    assert 'value="港口接口"' in taken.text
    assert "港口潮位" in told
    assert "港区接口" in listed
    assert (gone.status_code, foreign.status_code) == (404, 404)


async def test_who_is_not_signed_in_comes_back_to_the_search_it_wanted_to_keep(
    api: Api, counter: Counter
) -> None:
    sent = await look(api, "/my/saved-searches?q=港口&form=data_api")

    assert sent.status_code == 303
    assert sent.headers["location"] == (
        "/sign-in?next=%2Fmy%2Fsaved-searches%3Fq%3D%25E6%25B8%25AF%25E5%258F%25A3%26form%3Ddata_api"
    )


async def test_a_file_of_products_is_handed_in_tried_and_its_wrong_rows_are_told(
    api: Api, counter: Counter
) -> None:
    by(api, counter.supplier)
    path = "/my/product-batches"

    async def hand_in(content: bytes | None, **fields: str) -> httpx.Response:
        files: dict[str, Any] = (
            {} if content is None else {"file": ("新产品.csv", content, "text/csv")}
        )
        data = {
            "once": await key_of(api, path),
            "kind": "",
            "run": "trial",
            "completeness": "draft",
        }
        return await api.http.post(
            path, data=data | fields, files=files or {"x": ("", b"")}, headers=HTML | OWN
        )

    changed = as_csv(*LINES, ("p-9", "港口指数", "数据集", "港口", "46"))
    opened = await hand_in(changed)
    under_way = await hand_in(changed)
    missing = await hand_in(None)
    waiting = (await look(api, opened.headers["location"])).text
    for _ in range(2):  # another one of its supplier waits before it
        await take_batches.run(api.context)
    page = (await look(api, opened.headers["location"])).text
    refused = plain((await look(api, f"{opened.headers['location']}?outcome=refused")).text)
    report = re.search(r'href="(/api/v1/product-batches/[0-9a-f-]+/report)"', page)
    assert report is not None, plain(page)
    table = await look(api, report.group(1))

    assert opened.status_code == 303, opened.text
    assert under_way.status_code == 409
    assert missing.status_code == 422
    check(missing, "zh-CN")
    assert "更新进度" in waiting
    assert "<progress" in page
    assert "试运行没有保存任何产品" in page
    assert "第 3 行" in refused
    assert "产品形式" in refused
    assert "p-9" not in refused
    assert table.headers["content-disposition"].startswith("attachment")
    assert "没有的形式" in table.text


async def test_a_batch_that_is_not_over_is_cancelled_on_its_page(
    api: Api, counter: Counter
) -> None:
    by(api, counter.supplier)
    place = f"/my/product-batches/{counter.trial}"
    waiting = (await look(api, place)).text
    cancelled = await send(api, f"{place}/cancellations", place)
    after = await look(api, place)
    again = await send(api, f"{place}/cancellations", once=FRESH)
    by(api, counter.buyer)
    foreign = await send(api, f"{place}/cancellations", once=FRESH)

    assert f'action="{place}/cancellations"' in waiting
    assert cancelled.status_code == 303
    check(after, "zh-CN")
    assert "已取消" in after.text
    assert "/cancellations" not in after.text
    assert again.status_code == 409
    assert foreign.status_code == 403


async def test_the_head_of_the_operator_names_sources_begins_and_confirms(
    api: Api, counter: Counter
) -> None:
    by(api, counter.head)
    path = "/harvest-sources"
    source = {"code": "county", "kind": "ckan", "url": "https://example.org/", "every_hours": "24"}
    odd = await send(api, path, **(source | {"every_hours": "often"}))
    ftp = await send(api, path, **(source | {"url": "ftp://example.org/"}))
    named = await send(api, path, **source)
    taken = await send(api, path, **source)
    begun = await send(api, f"{path}/county/runs", path)
    why = plain((await look(api, path)).text)
    held = re.search(
        r'action="(/harvest-runs/[0-9a-f-]+/confirmations)"', (await look(api, path)).text
    )
    assert held is not None
    confirmed = await send(api, held.group(1), path)
    again = await send(api, held.group(1), path)
    source_page = (await look(api, path)).text
    page = plain(source_page)

    assert [each.status_code for each in (named, begun, confirmed)] == [303] * 3
    assert (odd.status_code, ftp.status_code) == (422, 422)
    assert "“ftp://example.org/”不能作为收割来源的网址" in ftp.text
    assert ftp.text.count('aria-invalid="true"') == 1
    assert taken.status_code == 409
    assert 'value="county"' in taken.text
    assert again.status_code == 409
    assert "county" in page
    # What a run keeps are codes; the page says them in words.
    for told in ("无法读取收割来源：对方答复状态码 503", "50 条中有 40 条不再出现", "字段过长"):
        assert told in why
    assert "harvest_source_unreachable" not in why
    assert "已暂停" in page
    # One that is paused has nothing to begin.
    assert [f"{path}/{code}/runs" in source_page for code in ("city", "empty")] == [True, False]


async def test_a_provider_names_its_chief_data_officer(
    api: Api, db: Database, clock: ManualClock, counter: Counter
) -> None:
    newcomer = await make_member(db, Role.SUPPLIER, now=clock.now())
    by(api, newcomer)
    path = "/my/chief-data-officer"
    before = (await look(api, path)).text
    refused = await send(api, path, name="王五", post="主任")
    named = await send(api, path, name="王五", post="主任", contact="0898-1")
    after = plain((await look(api, path)).text)
    by(api, counter.regulator)
    listed = plain((await look(api, "/chief-data-officers")).text)
    by(api, counter.buyer)
    closed = await look(api, "/chief-data-officers")

    assert "还没有指定" in before
    assert (refused.status_code, named.status_code, closed.status_code) == (422, 303, 403)
    assert 'value="王五"' in refused.text
    assert "王五 职务 主任" in after
    assert "王五 主任 0898-1" in listed


async def test_larger_text_is_kept_without_an_account(api: Api, counter: Counter) -> None:
    first = await look(api, "/zones")
    asked = await look(api, "/zones?view=large")
    later = await look(api, "/products?q=港口")
    back = await look(api, "/zones?view=usual")
    odd = await look(api, "/zones?view=huge")

    assert 'class="large"' not in first.text
    assert 'href="/zones?view=large"' in first.text
    for page in (asked, later):
        assert '<html lang="zh-CN" class="large">' in page.text
    assert "view=usual" in later.text
    assert "q=%E6%B8%AF" in re.findall(r'href="(/products\?[^"]*view=usual)"', later.text)[0]
    assert 'class="large"' not in back.text
    assert 'class="large"' not in odd.text
    assert "HttpOnly" in asked.headers["set-cookie"]


async def test_the_foot_says_whose_site_it_is(api: Api, counter: Counter) -> None:
    bare = (await look(api, "/")).text
    wiring = api.app.litestar.state.context
    wiring.settings = msgspec.structs.replace(
        wiring.settings,
        site_sponsor=HOSTILE,
        site_icp_number="琼ICP备00000000号",
        site_police_number="琼公网安备 46010802000000号",
    )
    told = (await look(api, "/")).text

    assert 'class="whose"' not in bare
    foot = told.split('class="whose"')[1]
    assert "主办单位" in foot
    assert "<script>alert" not in foot
    assert 'href="https://beian.miit.gov.cn/" rel="external noreferrer">琼ICP备00000000号' in foot
    assert "webSearch?code=46010802000000" in foot
    assert "承办单位" not in foot


def test_the_map_of_the_site_has_every_public_page_that_stands_by_itself() -> None:
    shown = {path for _, entries in SITE_MAP for path, _ in entries}
    by_themselves = {
        path
        for (method, path), rule in PAGES.items()
        if method == "GET" and rule.permission is None and "{" not in path
    }
    # A table, a key's file and two forms are led to from the page that they belong to.
    parts = {
        "/products/found.csv",
        "/certificates/paper-seal.pem",
        "/data-demands/new",
        "/data-demands/look-up",
        "/synonyms",
    }

    assert by_themselves - shown == parts
