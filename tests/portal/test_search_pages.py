"""The search as a person without scripts uses it: filters, order, reasons, tables, refusals."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
import uuid

import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations.publishing import set_visible
from catalog.search.model import Filters, Hit
from catalog.search.prices import SearchPricesUnreadable
from market.portal import found_table
from market.portal.asked_search import passed_over, read_search
from market.portal.kept_search import asked_of
from market.portal.marking import Piece, pieces
from market.portal.show import tongue
from tests.api import Api
from tests.makers_portal import take_in
from tests.makers_registration import make_scene
from tests.makers_shelves import ENGLISH, SHELF, fill_shelves
from tests.portal.test_pages_html import check, look


@pytest.fixture(autouse=True)
async def shelves(db: Database, clock: ManualClock) -> None:
    await fill_shelves(db, clock.now())


def names(text: str) -> list[str]:
    found = re.findall(r'<h2 id="hit-\d+"[^>]*><a [^>]*>(.*?)</a>', text)
    return [html.unescape(re.sub("</?mark>", "", each)) for each in found]


def link(text: str, label: str) -> str:
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{re.escape(label)}', text)
    assert found is not None, label
    return html.unescape(found[1])


async def test_what_was_found_is_marked_and_says_why_it_is_there(api: Api) -> None:
    page = await look(api, "/products?q=港口气象")
    first = page.text.split("<article")[1]

    check(page, "zh-CN")
    assert names(page.text)[0] == "港口气象观测"
    assert "<mark>港口气象</mark>观测" in first
    assert "为何在此：" in first
    assert "“港口”见于名称" in first
    english = await look(api, "/products?q=港口气象&lang=en")
    assert "“港口” stands in the name" in english.text
    assert '<h2 id="hit-1" lang="zh-CN">' in english.text


async def test_a_text_in_another_language_than_the_page_says_which(api: Api) -> None:
    text = (await look(api, "/products?q=harbour")).text

    assert ENGLISH in names(text)
    assert re.search(r'<h2 id="hit-\d+" lang="en"><a [^>]*>Hourly <mark>harbour</mark>', text)


async def test_an_order_is_kept_with_the_filters_and_goes_back_to_the_first_page(api: Api) -> None:
    page = (await look(api, "/products?q=港口&source=示例目录")).text
    oldest = link(page, "最早公开")
    ordered = (await look(api, oldest)).text
    best = link(ordered, "最相关")
    without = re.search(
        r'class="chip" href="([^"]+)" aria-label="去掉条件“来源目录：示例目录”"', ordered
    )

    assert "sort=oldest" in oldest
    assert "cursor" not in oldest
    assert sorted(names(ordered)) == sorted(names(page))
    newest = (await look(api, link(page, "最新公开"))).text
    assert names(ordered) == names(newest)[::-1]
    assert re.search(r'aria-current="true">最早公开', ordered)
    assert "sort=" not in best
    assert without is not None
    assert "sort=oldest" in without[1]
    assert "source=" not in without[1]


async def test_without_words_there_is_no_best_and_the_newest_come_first(api: Api) -> None:
    page = (await look(api, "/products")).text

    assert "最相关" not in page
    assert re.search(r'aria-current="true">最新公开', page)
    assert "为何在此" not in page


async def test_pages_go_on_where_they_were_though_something_new_came(
    api: Api, db: Database, clock: ManualClock
) -> None:
    records = [{"id": f"p{n}", "title": f"渔港记录第{n}号", "source": "某目录"} for n in range(25)]
    await take_in(db, clock.now(), *records)

    first = (await look(api, "/products?source=某目录")).text
    clock.move_by(dt.timedelta(minutes=1))
    await take_in(db, clock.now(), {"id": "p99", "title": "渔港记录新号", "source": "某目录"})
    second = (await look(api, link(first, "下一页"))).text

    seen = names(first) + names(second)
    assert len(seen) == len(set(seen)) == 25
    assert "渔港记录新号" not in seen


async def test_a_place_of_another_search_is_refused_with_the_way_back(api: Api) -> None:
    records = [{"id": f"p{n}", "title": f"渔港记录第{n}号", "source": "某目录"} for n in range(25)]
    await take_in(api.context.db, api.context.clock.now(), *records)
    following = link((await look(api, "/products?source=某目录")).text, "下一页")

    other = await look(api, following.replace("source=", "region="))
    broken = await look(api, "/products?q=港口&cursor=zzz")

    for page in (other, broken):
        check(page, "zh-CN")
        assert page.status_code == 400
        assert "这一页的位置属于另一次检索" in page.text
    assert link(broken.text, "回到第一页") == "/products?q=%E6%B8%AF%E5%8F%A3"


@pytest.mark.parametrize("question", ["长" * 3_400, "x" * 10_240, "a\x07b"])
async def test_a_question_that_is_none_is_refused_in_words_and_shown_no_further(
    api: Api, question: str
) -> None:
    page = await api.http.get("/products", params={"q": question}, headers={"accept": "text/html"})

    check(page, "zh-CN")
    assert page.status_code == 422
    assert "没有搜索" in page.text
    assert "请改用至多 400 个字符" in page.text
    assert "\x07" not in page.text
    assert len(page.text) < 20_000


async def test_a_filter_that_there_is_not_is_refused_and_can_be_taken_off(api: Api) -> None:
    page = await look(api, "/products?q=港口&form=no_such_form")

    check(page, "zh-CN")
    assert page.status_code == 422
    assert "筛选项“产品形式”没有这个值：no_such_form" in page.text
    assert "请去掉这个条件" in page.text
    assert link(page.text, "产品形式：no_such_form") == "/products?q=%E6%B8%AF%E5%8F%A3"


async def test_who_finds_nothing_is_told_which_filter_to_leave_out(api: Api) -> None:
    page = (await look(api, "/products?q=港口&theme=气象&source=示例目录")).text

    assert "没有找到符合条件的产品" in page
    assert "去掉下列条件之一" in page
    assert (
        link(page, "去掉条件“主题：气象”")
        == "/products?q=%E6%B8%AF%E5%8F%A3&source=%E7%A4%BA%E4%BE%8B%E7%9B%AE%E5%BD%95"
    )
    assert re.search(r'去掉条件“来源目录：示例目录”</a> <span class="quiet keep">共 1 件产品', page)


async def test_who_finds_parts_of_a_question_alone_is_told_so(api: Api) -> None:
    part = (await look(api, "/products?q=港口 猫粮")).text
    whole = (await look(api, "/products?q=港口 气象")).text

    assert "这里没有哪件产品包含全部检索词（港口、猫" in part
    assert "这里没有哪件产品包含全部检索词" not in whole


async def test_who_asks_without_a_word_is_told_what_a_question_is(api: Api) -> None:
    page = await look(api, "/products?q=！？")

    check(page, "zh-CN")
    assert "输入至少一个可检索的字或词" in page.text
    assert "/my/saved-searches" not in page.text.split("<main")[1]


async def test_what_an_address_asks_by_an_unknown_name_is_told_and_a_table_is_refused(
    api: Api,
) -> None:
    page = await look(api, "/products?q=港口&regoin=海南&sort=dearest&utm_source=letter")
    table = await api.http.get("/products/found.csv?q=港口&regoin=海南")

    check(page, "zh-CN")
    assert "网址中的 sort=dearest、regoin 不是这里的检索条件" in page.text
    assert (table.status_code, table.json()["code"]) == (400, "parameter_unknown")
    assert "不是这里的检索条件" not in (await look(api, "/products?q=港口&utm_source=letter")).text


async def test_a_range_of_prices_is_typed_in_yuan_and_kept_in_fen(api: Api) -> None:
    page = await look(api, "/products?q=港口&price_from=99.5&price_to=1,000")
    wrong = await look(api, "/products?q=港口&price_from=8&price_to=7")
    odd = await look(api, "/products?q=港口&price_from=cheap")

    check(page, "zh-CN")
    assert "价格不低于：¥99.50" in page.text
    assert "price_from_fen=9950&amp;price_to_fen=100000" in page.text
    assert link(page.text, "价格不高于：¥1,000.00").endswith("&price_from_fen=9950")
    for refused in (wrong, odd):
        check(refused, "zh-CN")
        assert refused.status_code == 422
        assert "请用元填写价格" in refused.text


async def test_a_table_of_what_was_found_has_its_filters_and_runs_nothing(api: Api) -> None:
    page = (await look(api, "/products?q=港口&source=示例目录")).text
    answer = await api.http.get(link(page, "下载为表格"))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="products.csv"'
    assert rows[0][:4] == ["id", "name", "supplier", "description"]
    assert {row[1] for row in rows[1:]} == {
        f"'{each['title']}" if each["id"] == "s-5" else each["title"]
        for each in SHELF
        if each["source"] == "示例目录"
    }
    assert next(row[2] for row in rows if "公式" in row[1]) == "'@示例局"


async def test_a_table_is_refused_as_its_page_is(api: Api) -> None:
    answer = await api.http.get("/products/found.csv", params={"q": "长" * 1000})

    assert answer.status_code == 422
    assert answer.json()["code"] == "search_question_too_long"


async def test_a_table_holds_no_more_than_it_says(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_table, "AT_MOST", 3)

    rows = (await api.http.get("/products/found.csv")).content.decode("utf-8-sig").splitlines()

    assert len(rows) == 4


async def test_many_values_of_a_filter_are_folded_and_the_commonest_shown(
    api: Api, db: Database, clock: ManualClock
) -> None:
    records = [
        {"id": f"t{n}-{m}", "title": f"记录{n}-{m}", "source": "某目录", "theme": f"主题{n:02}"}
        for n in range(12)
        for m in range(1 + (n == 11))
    ]
    await take_in(db, clock.now(), *records)

    page = (await look(api, "/products?source=某目录")).text
    shown, folded = page.split('id="facet-theme"')[1].split("</details>")[0].split("<details>")

    assert re.findall(r"<span>(主题\d+)</span>", shown)[0] == "主题11"
    assert len(re.findall(r"<span>(主题\d+)</span>", shown)) == 8
    assert len(re.findall(r"<span>(主题\d+)</span>", folded)) == 4
    assert "另有 4 项" in folded


def test_an_address_that_asks_for_what_there_is_not_asks_for_the_usual() -> None:
    asked = read_search(
        {"q": "港口", "sort": "dearest", "colour": "red", "region": "\x00", "form": "dataset"}
    )

    assert asked.given == {"form": "dataset"}
    assert asked.link() == "/products?q=%E6%B8%AF%E5%8F%A3&form=dataset"


@pytest.mark.parametrize(
    ("typed", "fen"), [("100", 10_000), ("99.5", 9_950), ("¥1,234.50", 123_450), ("", None)]
)
def test_an_end_of_a_range_is_read_as_people_write_amounts(typed: str, fen: int | None) -> None:
    asked = read_search({"price_to": typed})

    assert asked.filters.price_to_fen == fen
    assert read_search({k: str(v) for k, v in asked.query.items() if v}) == asked
    assert asked_of("", asked.filters) == asked


@pytest.mark.parametrize("written", ["cheap", "-1", "1e3", "٣"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(SearchPricesUnreadable):
        _ = read_search({"price_from_fen": written}).filters


def test_every_filter_can_be_asked_by_an_address() -> None:
    filters = Filters(region="海南", supplier_name="某公司", price_from_fen=0, price_to_fen=5)
    asked = asked_of("港口", filters)

    assert asked.filters == filters
    assert passed_over({k: v for k, v in asked.query.items() if v}) == []


def test_marks_stand_where_they_are_told_and_lose_nothing() -> None:
    assert pieces("港口气象", [(0, 2)]) == [Piece("港口", True), Piece("气象", False)]
    assert pieces("a港b口", [(1, 2), (3, 4)]) == [
        Piece("a", False), Piece("港", True), Piece("b", False), Piece("口", True),
    ]  # fmt: skip
    assert pieces("港口", []) == [Piece("港口", False)]
    assert pieces("", []) == []


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [("港口 A", "zh", ""), ("harbour", "zh", "en"), ("港口", "en", "zh-CN"), ("harbour", "en", "")],
)
def test_a_text_names_its_language_only_where_it_differs(
    text: str, language: str, told: str
) -> None:
    assert tongue(text, language) == told


def test_a_hit_has_all_that_a_table_shows() -> None:
    assert set(found_table._COLUMNS) <= set(Hit.__struct_fields__)


async def test_a_branch_of_a_tree_is_named_and_can_be_narrowed_further(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene = await make_scene(api, db, clock)
    product = await scene.describe(industry_class="5532", region_code="460105")
    async with begin(db, system("test")) as tx:
        tx.remember()  # part of a stretch that is not played here
        await set_visible(tx, now=clock.now(), product_id=uuid.UUID(product), is_public=True)

    top = (await look(api, "/products")).text
    section = (await look(api, link(top, "<span>交通运输、仓储和邮政业</span>"))).text
    english = (await look(api, "/products?industry=G&region_code=4601&lang=en")).text

    assert link(top, "<span>海南省</span>") == "/products?region_code=46"
    assert link(section, "<span>水上运输业</span>") == "/products?industry=55"
    assert "行业：交通运输、仓储和邮政业" in section
    assert '<span lang="zh-CN">水上运输业</span>' in english
    assert "Industry: Transport" in english
