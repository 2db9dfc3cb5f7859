"""A product's page, its versions, and what is left of one taken back, as a reader gets them."""

from __future__ import annotations

import re
import uuid

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.http.auth import SESSION_COOKIE
from tests.api import Api
from tests.makers_portal import Stage, make_stage
from tests.makers_registration import must
from tests.makers_shelves import Window, make_window
from tests.portal.test_pages_html import HTML, check, look
from tests.stages import staged

window = staged(make_window)
stage = staged(make_stage)


def section(text: str, anchor: str) -> str:
    return text.split(f'<h2 id="{anchor}"')[1].split("</section>", maxsplit=1)[0]


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def test_every_product_has_a_page_in_both_languages(api: Api, window: Window) -> None:
    for product in (window.full, window.resource, window.made, window.hostile):
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            for path in (f"/products/{product}", f"/products/{product}/revisions?version=1"):
                joint = "&" if "?" in path else "?"
                page = await look(api, f"{path}{joint}lang={language}")

                assert page.status_code == 200, (path, page.text[:300])
                check(page, tag)
                assert "<script>alert" not in page.text


async def test_each_anchor_of_the_guide_is_a_heading_of_the_page(api: Api, window: Window) -> None:
    text = (await look(api, f"/products/{window.full}")).text
    anchors = re.findall(r'<li><a href="#(\w+)">', text)

    assert len(anchors) == 17
    assert [anchor for anchor in anchors if f'<h2 id="{anchor}"' not in text] == []


async def test_a_dictionary_tells_type_unit_nulls_and_sensitivity_of_each_item(
    api: Api, window: Window
) -> None:
    told = plain(section((await look(api, f"/products/{window.full}")).text, "dictionary"))

    assert "共 4 个信息项" in told
    assert "泊位编号 berth_no 文本 至多 12 字 — 不允许 不敏感 —" in told
    assert "十分钟平均风速 wind_ms 权威来源 小数 m/s 允许 不敏感 港口自动气象站观测记录" in told
    assert "值班电话 duty_phone 文本 — 允许 手机号码" in told
    assert "一数一源：本产品是下列信息项的权威来源：十分钟平均风速。" in told


async def test_a_product_is_traced_both_ways_by_links(api: Api, window: Window) -> None:
    text = (await look(api, f"/products/{window.full}")).text
    above, below = section(text, "sources").split("去向可查")
    of_resource = section((await look(api, f"/products/{window.resource}")).text, "sources")

    assert f'href="/products/{window.resource}">沿海自动气象站小时观测</a>' in above
    assert "港口自动气象站观测记录" in above
    assert f'href="/products/{window.made}">港口停工决策模型</a>' in below
    # What was made from the resource, and from that in turn; the second way there is not told again.
    assert of_resource.count(f'href="/products/{window.made}"') == 2
    assert of_resource.count(f'href="/products/{window.full}"') == 1


async def test_what_is_not_public_of_a_source_is_not_on_the_page(api: Api, window: Window) -> None:
    text = (await look(api, f"/products/{window.full}")).text
    diff = (await look(api, f"/products/{window.full}/revisions?version=1")).text

    for page in (text, diff):
        for secret in ("示例气象服务有限公司", "内部工艺", "内部劳动", "自有设备采集"):
            assert secret not in page


async def test_a_region_and_an_industry_are_named_from_the_top_and_lead_to_their_branch(
    api: Api, window: Window
) -> None:
    coverage = section((await look(api, f"/products/{window.full}")).text, "coverage")

    assert '<a href="/products?industry=G">交通运输、仓储和邮政业</a> ›' in coverage
    assert '<a href="/products?industry=55">水上运输业</a>' in coverage
    assert (
        '<a href="/products?region_code=46">海南省</a> › <a href="/products?region_code=4601">'
        in coverage
    )
    assert "示例市港航局" in coverage
    assert "自 2026年1月1日 至 2027年12月31日" in plain(coverage)


async def test_what_the_catalogue_of_public_data_says_of_it_is_told(
    api: Api, window: Window
) -> None:
    text = (await look(api, f"/products/{window.full}")).text
    coverage, what = plain(section(text, "coverage")), plain(section(text, "what"))

    assert " · 数据核验" in what
    assert "市场层级 一级市场" in what
    assert "资源代码 460100/000123 关联资源代码 460100/000124、460100/000125" in coverage
    assert "开放属性 有条件开放 纳入授权运营范围 是" in coverage


async def test_a_classification_is_told_with_its_history_in_words(api: Api, window: Window) -> None:
    told = plain(section((await look(api, f"/products/{window.full}")).text, "classification"))

    assert "定为一般数据，类别“行业数据”，依据 GB/T 43697。" in told
    assert "当时来源的最高级别：一般数据。" in told


async def test_two_versions_are_compared_word_by_word(api: Api, window: Window) -> None:
    text = (await look(api, f"/products/{window.full}/revisions?version=2&against=1")).text
    told = section(text, "changes")

    assert "第 2 版与第 1 版相比" in told
    assert "4 处不同" in told
    assert re.search(r"按<del>.*小时.*</del>", told)
    assert re.search(r"<ins>.*十分钟.*</ins>给出港口吊装", told)
    assert '<span class="hidden">删去：</span>' in told
    assert '<span class="hidden">新增：</span>' in told
    assert "信息项名称：gust_ms" in told
    assert re.search(r'信息项 <span class="quiet">gust_ms</span> <span class="badge">新增', told)
    assert "行政区划代码" in told
    back = (await look(api, f"/products/{window.full}/revisions?version=1&against=2")).text
    assert "第 1 版与第 2 版相比" in back
    assert re.search(r"<del>.*十分钟.*</del>", section(back, "changes"))


async def test_versions_that_there_are_not_are_refused(api: Api, window: Window) -> None:
    missing = await look(api, f"/products/{window.full}/revisions?version=9")
    strange = await look(api, f"/products/{window.full}/revisions?version=1&against=99999999999")
    unknown = await look(api, f"/products/{uuid.UUID(int=7)}/revisions")
    place = await look(api, f"/products/{window.full}/revisions?cursor=zzz")

    assert [p.status_code for p in (missing, strange, unknown, place)] == [404, 400, 404, 400]
    for page in (missing, strange, unknown, place):
        check(page, "zh-CN")


async def test_one_taken_back_says_when_and_why_for_good(api: Api, window: Window) -> None:
    page = await look(api, f"/products/{window.gone}")
    versions = await look(api, f"/products/{window.gone}/revisions?lang=en")

    assert (page.status_code, versions.status_code) == (410, 410)
    check(page, "zh-CN")
    check(versions, "en")
    assert "试行港口指数" in page.text
    assert "数据源停用\n不再更新" in page.text
    assert "2026年3月2日 09:10" in page.text
    assert "This product was taken back" in versions.text


async def test_a_draft_is_a_page_for_its_supplier_and_none_for_others(
    api: Api, window: Window
) -> None:
    stranger = await look(api, f"/products/{window.draft}")
    api.http.cookies.set(SESSION_COOKIE, window.supplier.token)
    own = await look(api, f"/products/{window.draft}")

    assert stranger.status_code == 404
    assert own.status_code == 200
    check(own, "zh-CN")
    assert "本产品尚未公开" in own.text
    assert "没有写明使用场景" in own.text
    assert "提供方没有列出信息项" in own.text
    assert "尚未分类分级" in own.text


async def test_a_listed_product_tells_licence_notice_and_citation(api: Api, stage: Stage) -> None:
    text = (await look(api, f"/products/{stage.product_id}")).text
    usage = plain(section(text, "usage"))
    objections = section(text, "objections")

    assert "可以使用的对象：港口经营人、引航机构。" in usage
    assert "用于：港口作业安全预警。" in usage
    assert "不可以再提供给他人。" in usage
    assert f'href="/notices/{stage.past_notice_id}"' in objections
    assert "无异议" in objections
    assert "通常 7 天" in section(text, "delivery")
    assert re.search(
        r"港口作业气象风险指数\[DS/OL\]\. V\d+\. 数市, 2026-\d\d-\d\d\[2026-04-01\]\. "
        rf"http://testserver/products/{stage.product_id}\.",
        section(text, "cite"),
    )
    assert f'href="/products/{stage.product_id}/dcat.ttl"' in section(text, "formats")


async def test_notices_are_listed_by_product(api: Api, stage: Stage) -> None:

    found = (await api.get("/api/v1/notices", product_id=stage.product_id)).json()["items"]
    none = (await api.get("/api/v1/notices", product_id=stage.hostile_id)).json()["items"]
    broken = await api.http.get("/api/v1/notices", params={"product_id": "x"}, headers=HTML)

    assert [each["id"] for each in found] == [stage.past_notice_id]
    assert none == []
    assert broken.status_code == 400


async def test_a_table_is_shown_masked_with_its_quality_and_why(
    api: Api, db: Database, clock: ManualClock, window: Window
) -> None:
    mine = api.as_(window.supplier.token)
    table = "berth_no,wind_ms,duty_phone\n<b>1</b>,7.5,13812345678\n2,,13912345678\n"
    file_id = must(await mine.upload(table.encode(), "港口.csv", "text/csv"))["id"]
    must(await mine.post(f"/api/v1/products/{window.full}/contents", {"file_id": file_id}))
    before = section((await look(api, f"/products/{window.full}")).text, "preview")
    must(await mine.post(f"/api/v1/products/{window.full}/profiles"))
    page = await look(api, f"/products/{window.full}")
    preview, quality = (section(page.text, name) for name in ("preview", "quality"))

    check(page, "zh-CN")
    assert "<table" not in before
    assert "最前 2 行" in preview
    assert "&lt;b&gt;1&lt;/b&gt;" in preview
    assert "13812345678" not in page.text
    assert "值班电话" in preview
    assert "已脱敏" in preview
    assert "准确性" in plain(quality)
    assert re.search(r"\d+ / 100", quality)
    assert "个符合数据字典声明的类型" in quality
    assert check(await look(api, f"/products/{window.full}?lang=en"), "en")


async def test_what_has_no_table_says_why_there_is_no_sample(api: Api, window: Window) -> None:
    text = section((await look(api, f"/products/{window.resource}")).text, "preview")

    assert "<table" not in text
    assert plain(text.partition("</h2>")[2])
