"""Search over documents in a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, Clearance, system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.paging import CursorUnreadable, LimitOutOfRange
from catalog.products import imports
from catalog.products import operations as products
from catalog.search import queries as search
from catalog.search.model import Filters
from tests.makers_products import make_actor, make_description

IMPORTER = system("import", "product:import")

RECORDS = [
    ("1", "公有停车场剩余车位", "每五分钟更新一次各停车场的空位数", "台北", "api"),
    ("2", "停车场座标", "各停车场的经纬度", "台北", "csv"),
    ("3", "港口吞吐量", "按月统计集装箱吞吐量与货类", "海南", "csv"),
    ("4", "河川水位", "滞洪池与抽水站的即时水位，供民众查询", "台南", "json"),
    ("5", "旅馆名册", "合法旅馆业者名册", "台南", "csv"),
    ("6", "图书馆开放时间", "各图书馆的开放时间", "海南", "csv"),
]


@pytest.fixture
async def found_by(db: Database, now: dt.datetime) -> AsyncIterator[Tx]:
    batch = []
    for number, title, description, region, form in RECORDS:
        line = msgspec.json.encode(
            {
                "id": number,
                "title": title,
                "description": description,
                "region": region,
                "format": form,
                "source": "示例",
                "publisher": f"{region}市政府",
            }
        )
        prepared = imports.read_line(1, line)
        assert isinstance(prepared, imports.Prepared)
        batch.append(prepared)
    async with begin(db, IMPORTER) as tx:
        await products.import_batch(tx, actor=IMPORTER, now=now, batch=batch)
    async with begin(db, PUBLIC) as tx:
        yield tx


async def ids(tx: Tx, text: str, **filters: str) -> list[str | None]:
    found = await search.search(tx, text=text, filters=Filters(**filters))
    return [hit.source_id for hit in found.items]


async def test_a_record_is_found_by_words_of_its_description(found_by: Tx) -> None:
    assert (await ids(found_by, "滞洪 民众"))[0] == "4"
    assert (await ids(found_by, "集装箱"))[0] == "3"


async def test_traditional_and_full_width_questions_find_the_same(found_by: Tx) -> None:
    assert await ids(found_by, "圖書館　開放時間") == await ids(found_by, "图书馆 开放时间")
    assert (await ids(found_by, "圖書館"))[0] == "6"


async def test_one_word_too_many_does_not_lose_the_record(found_by: Tx) -> None:
    found = await search.search(found_by, text="滞洪 民众 平台")

    assert found.items[0].source_id == "4"
    assert "平台" in found.terms
    assert "平台" not in found.items[0].matched


async def test_all_words_stand_above_some_and_a_title_above_a_text(found_by: Tx) -> None:
    assert (await ids(found_by, "停车场 剩余"))[:2] == ["1", "2"]


async def test_a_question_that_nothing_answers_finds_nothing(found_by: Tx) -> None:
    for text in ("量子纠缠", "的", "!!!", "'); DROP TABLE x; --xyzzy", "& | !", "'\\"):
        found = await search.search(found_by, text=text)
        assert (found.items, found.next_cursor) == ([], None), text


async def test_filters_narrow_and_facets_count(found_by: Tx) -> None:
    assert set(await ids(found_by, "", region="台南")) == {"4", "5"}
    assert await ids(found_by, "停车场", form="data_api") == ["1"]

    found = await search.search(found_by)
    assert found.total == len(RECORDS)
    assert {c.value: c.count for c in found.facets["form"]} == {"dataset": 5, "data_api": 1}
    assert {c.value: c.count for c in found.facets["region"]} == {"台北": 2, "台南": 2, "海南": 2}
    assert {c.value: c.count for c in found.facets["supplier_name"]}["海南市政府"] == 2
    assert found.facets["source"][0].count == len(RECORDS)
    assert found.facets["industry"] == []


@pytest.mark.parametrize("text", ["", "停车场 港口 水位 旅馆 图书馆"])
async def test_pages_give_everything_once(found_by: Tx, text: str) -> None:
    whole = await ids(found_by, text)
    cursor, walked = None, []
    while True:
        page = await search.search(found_by, text=text, limit=2, cursor=cursor)
        walked += [hit.source_id for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert walked == whole
    assert len(set(walked)) == len(RECORDS)


async def test_a_cursor_belongs_to_its_question(found_by: Tx) -> None:
    browse = await search.search(found_by, limit=2)
    words = await search.search(found_by, text="停车场", limit=1)

    for text, cursor in (
        ("停车场", browse.next_cursor),
        ("", words.next_cursor),
        ("", "@@@"),
    ):
        with pytest.raises(CursorUnreadable):
            await search.search(found_by, text=text, cursor=cursor)
    with pytest.raises(LimitOutOfRange):
        await search.search(found_by, limit=101)


async def test_a_listed_product_is_found_by_the_next_search_and_a_delisted_one_is_not(
    db: Database, now: dt.datetime
) -> None:
    supplier, operator = make_actor("product:describe"), make_actor(clearance=Clearance.STAFF)
    async with begin(db, supplier) as tx:
        made = await products.describe(
            tx, actor=supplier, now=now, supplier_name="示例公司", description=make_description()
        )
        assert (await search.search(tx, text="港口 雷电")).items == []

    async with begin(db, operator) as tx:
        await products.set_visible(tx, now=now, product_id=made.id, is_public=True)
    async with begin(db, PUBLIC) as tx:
        (hit,) = (await search.search(tx, text="港口 雷电")).items
        assert (hit.id, hit.supplier, hit.certified) == (made.id, "示例公司", None)
        assert await search.find_certificate_number(tx, product_id=made.id) is None

    async with begin(db, operator) as tx:
        await products.set_visible(tx, now=now, product_id=made.id, is_public=False)
    async with begin(db, PUBLIC) as tx:
        assert (await search.search(tx, text="港口 雷电")).items == []
