"""Search over documents in a real PostgreSQL."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import httpx
import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, Clearance, system
from catalog.kernel.db import Database, begin
from catalog.kernel.paging import CursorUnreadable, LimitOutOfRange
from catalog.products import imports
from catalog.products.operations import describing, importing, publishing
from catalog.search import opensearch
from catalog.search import operations as indexing
from catalog.search import queries as search
from catalog.search.disk.reading import TantivyIndex
from catalog.search.model import Filters, Found, Sort
from catalog.search.port import SearchPort
from market.channels.opensearch import OpenSearchIndex
from tests.makers_products import make_actor, make_description
from tests.opensearch_server import OpenSearchServer

IMPORTER = system("import", "product:import")

RECORDS = [
    ("1", "公有停车场剩余车位", "每五分钟更新一次各停车场的空位数", "台北", "api"),
    ("2", "停车场座标", "各停车场的经纬度", "台北", "csv"),
    ("3", "港口吞吐量", "按月统计集装箱吞吐量与货类", "海南", "csv"),
    ("4", "河川水位", "滞洪池与抽水站的即时水位，供民众查询", "台南", "json"),
    ("5", "旅馆名册", "合法旅馆业者名册", "台南", "csv"),
    ("6", "图书馆开放时间", "各图书馆的开放时间", "海南", "csv"),
]


Search = Callable[..., Awaitable[Found]]


@pytest.fixture(
    params=["postgresql", "index", "index made anew", "index of nothing yet", "opensearch"]
)
async def port(
    request: pytest.FixtureRequest, db: Database, tmp_path: pathlib.Path
) -> SearchPort | None:
    """Each way to be answered: by PostgreSQL, by an index that follows, was made anew, or is empty yet."""
    if request.param == "postgresql":
        return None
    if request.param == "opensearch":
        web = httpx.AsyncClient(transport=OpenSearchServer().transport)
        remote = OpenSearchIndex(web, url="http://search.example", alias="catalogue")
        await indexing.RemoteFollower(db, remote, layout=opensearch.LAYOUT).rebuild()
        return remote
    await indexing.Follower(db, TantivyIndex(tmp_path)).rebuild()
    return TantivyIndex(tmp_path)


@pytest.fixture
async def find(
    request: pytest.FixtureRequest,
    db: Database,
    now: dt.datetime,
    port: SearchPort | None,
    tmp_path: pathlib.Path,
) -> AsyncIterator[Search]:
    await import_records(db, now, RECORDS)
    if "[index]" in request.node.name or "[index-" in request.node.name:
        follower = indexing.Follower(db, TantivyIndex(tmp_path))
        assert await follower.follow(now=now) == len(RECORDS)
        follower.close()
    if "[index made anew" in request.node.name:
        assert await indexing.Follower(db, TantivyIndex(tmp_path)).rebuild() == len(RECORDS)
    if isinstance(port, OpenSearchIndex):
        remote = indexing.RemoteFollower(db, port, layout=opensearch.LAYOUT)
        assert await remote.follow(now=now) == len(RECORDS)
    async with begin(db, PUBLIC) as tx:
        yield functools.partial(search.search, tx, port=port)


async def import_records(
    db: Database, now: dt.datetime, rows: Sequence[tuple[str, str, str, str, str]]
) -> None:
    batch = []
    for number, title, description, region, form in rows:
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
        await importing.import_batch(tx, actor=IMPORTER, now=now, batch=batch)


async def ids(find: Search, text: str, **filters: str) -> list[str | None]:
    found = await find(text=text, filters=Filters(**filters))
    return [hit.source_id for hit in found.items]


async def test_a_record_is_found_by_words_of_its_description(find: Search) -> None:
    assert (await ids(find, "滞洪 民众"))[0] == "4"
    assert (await ids(find, "集装箱"))[0] == "3"


async def test_traditional_and_full_width_questions_find_the_same(find: Search) -> None:
    assert await ids(find, "圖書館　開放時間") == await ids(find, "图书馆 开放时间")
    assert (await ids(find, "圖書館"))[0] == "6"
    assert (await ids(find, "臺灣 旅館"))[0] == "5"


async def test_one_word_too_many_does_not_lose_the_record(find: Search) -> None:
    found = await find(text="滞洪 民众 平台")

    assert found.items[0].source_id == "4"
    assert "平台" in found.terms
    assert "平台" not in found.items[0].matched


async def test_all_words_stand_above_some_and_a_title_above_a_text(find: Search) -> None:
    assert (await ids(find, "停车场 剩余"))[:2] == ["1", "2"]


async def test_a_question_that_nothing_answers_finds_nothing(find: Search) -> None:
    for text in ("量子纠缠", "的", "!!!", "'); DROP TABLE x; --xyzzy", "& | !", "'\\"):
        found = await find(text=text)
        assert (found.items, found.next_cursor) == ([], None), text


async def test_filters_narrow_and_facets_count(find: Search) -> None:
    assert set(await ids(find, "", region="台南")) == {"4", "5"}
    assert await ids(find, "停车场", form="data_api") == ["1"]

    found = await find()
    assert found.total == len(RECORDS)
    assert {c.value: c.count for c in found.facets["form"]} == {"dataset": 5, "data_api": 1}
    assert {c.value: c.count for c in found.facets["region"]} == {"台北": 2, "台南": 2, "海南": 2}
    assert {c.value: c.count for c in found.facets["supplier_name"]}["海南市政府"] == 2
    assert found.facets["source"][0].count == len(RECORDS)
    assert found.facets["industry"] == []


async def test_a_count_is_of_what_was_asked(find: Search) -> None:
    found = await find(text="停车场", filters=Filters(region="台北"))

    assert found.total == 2
    assert {c.value: c.count for c in found.facets["form"]} == {"dataset": 1, "data_api": 1}


async def test_a_hit_says_why_it_is_here_and_where(find: Search) -> None:
    hit = (await find(text="旅館 合法 台南")).items[0]

    assert {why.word: set(why.fields) for why in hit.why} == {
        "旅馆": {"title", "text"},
        "合法": {"text"},
        "台南": {"labels"},
    }
    assert sum(why.share for why in hit.why) == pytest.approx(1, abs=0.001)
    assert [hit.name[a:b] for a, b in hit.highlights["name"]] == ["旅馆"]
    assert [hit.description[a:b] for a, b in hit.highlights["description"]] == ["合法旅馆"]


@pytest.mark.parametrize("text", ["", "停车场 港口 水位 旅馆 图书馆"])
@pytest.mark.parametrize("sort", Sort)
async def test_pages_give_everything_once(find: Search, text: str, sort: Sort) -> None:
    whole = [hit.source_id for hit in (await find(text=text, sort=sort)).items]
    cursor, walked = None, []
    while True:
        page = await find(text=text, sort=sort, limit=2, cursor=cursor)
        walked += [hit.source_id for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert walked == whole
    assert len(set(walked)) == len(RECORDS)


async def test_newest_and_oldest_are_each_other_backwards(find: Search) -> None:
    newest = [hit.source_id for hit in (await find(text="停车场", sort=Sort.NEWEST)).items]
    oldest = [hit.source_id for hit in (await find(text="停车场", sort=Sort.OLDEST)).items]

    assert newest == oldest[::-1]
    assert set(newest) == {"1", "2"}


async def test_a_cursor_belongs_to_its_question(find: Search) -> None:
    browse = await find(limit=2)
    words = await find(text="停车场", limit=1)
    raw = base64.urlsafe_b64decode(f"{words.next_cursor}==")
    forged = [
        base64.urlsafe_b64encode(raw.replace(old, new, 1)).decode().rstrip("=")
        for old, new in ((b"],1,", b"],7,"), (b",[", b",[1.0,"), (b",[", b",[-9"), (b"[", b"{"))
    ]

    for text, cursor in (
        ("停车场", browse.next_cursor),
        ("", words.next_cursor),
        ("", "@@@"),
        *(("停车场", each) for each in forged),
    ):
        with pytest.raises(CursorUnreadable):
            await find(text=text, cursor=cursor)
    with pytest.raises(LimitOutOfRange):
        await find(limit=101)


async def test_what_changed_is_found_as_it_is_now_and_not_as_it_was(
    find: Search, db: Database, now: dt.datetime
) -> None:
    await import_records(db, now, [("5", "民宿名册", "合法民宿的名册", "屏东", "api")])

    assert await ids(find, "旅馆") == []
    assert await ids(find, "民宿") == ["5"]
    assert await ids(find, "合法", region="台南") == []
    found = await find()
    assert found.total == len(RECORDS)
    assert {c.value: c.count for c in found.facets["region"]} == {
        "台北": 2, "台南": 1, "海南": 2, "屏东": 1,
    }  # fmt: skip


async def test_a_listed_product_is_found_by_the_next_search_and_a_delisted_one_is_not(
    db: Database, now: dt.datetime, port: SearchPort | None
) -> None:
    supplier, operator = make_actor("product:describe"), make_actor(clearance=Clearance.STAFF)
    async with begin(db, supplier) as tx:
        made = await describing.describe(
            tx, actor=supplier, now=now, supplier_name="示例公司", description=make_description()
        )
        assert (await search.search(tx, port=port, text="港口 雷电")).items == []

    async with begin(db, operator) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=True)
    async with begin(db, PUBLIC) as tx:
        (hit,) = (await search.search(tx, port=port, text="港口 雷电")).items
        assert (hit.id, hit.supplier, hit.certified) == (made.id, "示例公司", None)
        assert await search.find_certificate_number(tx, product_id=made.id) is None

    async with begin(db, operator) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=False)
    async with begin(db, PUBLIC) as tx:
        assert (await search.search(tx, port=port, text="港口 雷电")).items == []
