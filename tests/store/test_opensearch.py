"""An index in OpenSearch: never ahead of what it says, never behind in an answer, and missed by nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from catalog.search import opensearch
from catalog.search import queries as search
from catalog.search.disk.writing import IndexedRow
from catalog.search.facets import ALL
from catalog.search.operations import RemoteFollower, SearchIndexBeingBuilt
from catalog.search.port import IndexAway
from catalog.search.store import outbox
from catalog.suggestions import queries as suggestions
from market.app import search_index
from market.channels.opensearch import OpenSearchIndex
from market.settings import Settings
from tests.api import Api
from tests.makers_registration import must
from tests.opensearch_server import OpenSearchServer
from tests.store.test_search import import_records

PORTS = [("1", "港口吞吐量", "按月统计", "海南", "csv"), ("2", "停车场车位", "空位", "台北", "csv")]
NO_FACETS = ((),) * len(ALL)
LATER = [("3", "港口船期", "船期", "海南", "csv")]


class Hosts:
    """Two hosts that share one OpenSearch."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.server = OpenSearchServer()
        self.web = httpx.AsyncClient(transport=self.server.transport)
        self.one, self.two = self.host(), self.host()

    def host(self) -> tuple[OpenSearchIndex, RemoteFollower]:
        index = OpenSearchIndex(self.web, url="http://search.example/", alias="catalogue")
        return index, RemoteFollower(self.db, index, layout=opensearch.LAYOUT)


@pytest.fixture
async def hosts(db: Database, now: dt.datetime) -> AsyncIterator[Hosts]:
    await import_records(db, now, PORTS)
    made = Hosts(db)
    yield made
    await made.web.aclose()


async def found(db: Database, index: OpenSearchIndex, text: str) -> list[str | None]:
    async with begin(db, PUBLIC) as tx:
        answer = await search.search(tx, port=index, text=text)
    return [hit.source_id for hit in answer.items]


async def test_nobody_answers_from_it_before_it_is_whole(hosts: Hosts, now: dt.datetime) -> None:
    index, follower = hosts.one
    assert index.view() is None

    assert await follower.follow(now=now) == len(PORTS)

    assert index.view() is not None
    assert await found(hosts.db, index, "港口") == ["1"]
    (name,) = hosts.server.bodies
    assert hosts.server.aliases[name] == {"catalogue"}


async def test_what_is_committed_is_in_the_next_answer_of_every_host(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    for _, follower in (hosts.one, hosts.two):
        await follower.follow(now=now)
    await import_records(db, now, LATER)
    for index, _ in (hosts.one, hosts.two):
        assert set(await found(db, index, "港口")) == {"1", "3"}

    assert await hosts.one[1].follow(now=now) == 1
    for index, _ in (hosts.one, hosts.two):  # the second has not heard yet
        assert set(await found(db, index, "港口")) == {"1", "3"}
    async with begin(db, system("test")) as tx:
        await tx.execute("DELETE FROM catalog.product_documents WHERE source_id = '1'")
    for index, _ in (hosts.one, hosts.two):
        assert await found(db, index, "港口") == ["3"]

    assert await hosts.two[1].follow(now=now) == 1
    assert await found(db, hosts.two[0], "港口") == ["3"]
    assert await hosts.one[1].follow(now=now) == 0


async def test_a_writer_that_comes_late_overwrites_nothing_newer(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    index, follower = hosts.one
    await follower.follow(now=now)
    (name,) = hosts.server.bodies
    late = next(iter(hosts.server.written[name].values()))[0]
    async with begin(db, PUBLIC) as tx:
        row = await tx.fetch_one(
            "SELECT product_id, place, terms::text AS terms FROM catalog.product_documents"
            " WHERE source_id = '1'"
        )
    assert row is not None
    old = IndexedRow(**dict(row), facets=NO_FACETS)
    await import_records(db, now, [("1", "水库水位", "水位", "海南", "csv")])
    await follower.follow(now=now)

    await index.put(name, [old], [], version=late)
    await index.commit(name, position="1:1:", database="another", version=late)

    heard = await index.hear()
    assert heard is not None
    assert heard.database != "another"
    assert await found(db, index, "港口") == []
    assert await found(db, index, "水库") == ["1"]


async def test_an_index_of_another_layout_or_database_is_made_anew_and_the_oldest_removed(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    index, follower = hosts.one
    for _ in range(3):
        await follower.rebuild()
    assert len(hosts.server.bodies) == 2  # the one that counts, and the one before
    heard = await index.hear()
    assert heard is not None

    await index.commit(heard.index, position=heard.position, database="another", version=10**9)
    assert await follower.follow(now=now) == len(PORTS)
    again = await index.hear()
    assert again is not None
    assert (again.index != heard.index, again.database != "another") == (True, True)
    newer = RemoteFollower(db, index, layout="another")
    assert await newer.follow(now=now) == len(PORTS)


async def test_who_does_not_have_the_turn_waits_for_the_next(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    await hosts.one[1].follow(now=now)
    await import_records(db, now, LATER)
    async with begin(db, system("test")) as turn:
        assert await outbox.take_turn(turn) is not None

        assert await hosts.one[1].follow(now=now) == 0
        with pytest.raises(SearchIndexBeingBuilt):
            await hosts.one[1].rebuild()
    assert await hosts.one[1].follow(now=now) == 1
    hosts.one[1].close()


async def test_when_it_is_away_it_is_not_asked_until_it_is_heard_again(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    index, follower = hosts.one
    await follower.follow(now=now)
    hosts.server.is_away = True
    with pytest.raises(IndexAway):
        await found(db, index, "港口")

    assert index.view() is None
    assert await found(db, index, "港口") == ["1"]  # by the database
    with pytest.raises(IndexAway):
        await follower.follow(now=now)
    hosts.server.is_away = False
    await follower.follow(now=now)
    assert index.view() is not None


async def test_what_it_does_not_take_or_answer_wholly_is_no_success(
    hosts: Hosts, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, follower = hosts.one
    await follower.follow(now=now)
    (name,) = hosts.server.bodies
    properties = hosts.server.bodies[name]["mappings"]["properties"]
    place = properties.pop("place")
    row = IndexedRow(product_id=new_id(), place=1, terms="'港口':1A", facets=NO_FACETS)
    with pytest.raises(IndexAway, match="400"):
        await index.put(name, [row], [], version=10**9)
    properties["place"] = place

    async def partly(*_: object, **__: object) -> dict[str, object]:
        return {"timed_out": False, "_shards": {"failed": 1}}

    monkeypatch.setattr(index, "send", partly)
    with pytest.raises(IndexAway, match="parts"):
        await index.search(name, {})


async def test_slips_are_looked_up_in_its_dictionary(
    hosts: Hosts, db: Database, now: dt.datetime
) -> None:
    index, follower = hosts.one
    await import_records(db, now, [("9", "youbike 站点", "单车", "台北", "csv")])
    await follower.follow(now=now)

    async with begin(db, PUBLIC) as tx:
        for asked, meant in (("youbyke", "youbike"), ("停车唱", "停车场"), ("港", "港口")):
            answer = await suggestions.search_with_help(tx, port=index, text=asked)
            assert meant in [each.text for each in answer.suggestions], asked


async def test_the_service_asks_it_when_it_is_set_and_the_database_when_it_is_away(
    api: Api, db: Database, now: dt.datetime, settings: Settings, hosts: Hosts
) -> None:
    here = search_index(settings, db, hosts.web)
    assert not isinstance(here[0], OpenSearchIndex)
    chosen = msgspec.structs.replace(settings, opensearch_url="http://search.example")
    index, follower = search_index(chosen, db, hosts.web)
    await follower.follow(now=now)
    api.context.search = index
    assert must(await api.get("/api/v1/products", q="港口"))["total"] == 1
    assert ("POST", f"/{next(iter(hosts.server.bodies))}/_search") in hosts.server.asked

    hosts.server.is_away = True
    assert must(await api.get("/api/v1/products", q="港口"))["total"] == 1
