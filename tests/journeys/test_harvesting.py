"""A second instance of ours is harvested by CKAN and by DCAT, once, whole, and without what it lost.

The complaints of others that these tests answer: GSA/data.gov #466, #2981, #2989, #3944, #3968, #4163
(records were taken twice, and stayed when they were gone).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import pathlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx
import pytest

from catalog.harvesting import operations, queries
from catalog.harvesting.model import Kind, NewSource, Run
from catalog.harvesting.states import HarvestEventNotAllowed, State
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.ids import new_id
from catalog.products.operations import importing
from market.channels.cage import Cage
from market.channels.harvest_web import Fetcher, SourceUnreachable, is_public
from market.identity.permissions import Role
from market.jobs import harvest_sources
from market.jobs.harvest_sources import ACTOR
from market.settings import Settings
from tests.api import Api, code
from tests.journeys.test_catalogue_dcat import IMPORTER, import_lines
from tests.journeys.test_two_instances import Site
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.terminal import market


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"r-{number}",
        "title": f"数据 {number}",
        "source": "theirs",
        "publisher": f"某局 {number}",
        "url": f"https://data.example.org/{number}",
        "format": "csv",
        "keywords": ["港口"],
    } | changes


class Peer:
    """Another catalogue on a socket, whose records can be changed."""

    def __init__(self, site: Site, db: Database, clock: ManualClock) -> None:
        self.site, self.db, self.clock = site, db, clock

    async def hold(self, *records: dict[str, Any]) -> None:
        await import_lines(self.db, self.clock, [json.dumps(each).encode() for each in records])

    async def drop(self, *ids: str) -> None:
        async def withdraw(tx: Tx) -> int:
            return await importing.withdraw_imported(
                tx,
                actor=IMPORTER,
                now=self.clock.now(),
                source="theirs",
                source_ids=ids,
                reason="x",
            )

        await run(self.db, IMPORTER, withdraw)


@pytest.fixture
async def peer(server: Any, tmp_path: pathlib.Path, clock: ManualClock) -> AsyncIterator[Peer]:
    from market.app import create_app

    name = f"test_peer_{secrets.token_hex(6)}"
    await server.create(name, server.template)
    theirs = Settings(
        database_url=server.dsn(name),
        separate_logins=True,
        data_dir=tmp_path / "peer",
        run_jobs=False,
        log_level="critical",
    )
    site = Site(None)
    theirs = type(theirs)(
        **{f: getattr(theirs, f) for f in theirs.__struct_fields__} | {"public_url": site.url}
    )
    app = create_app(theirs, clock=clock)
    db = Database(lambda role: server.dsn(name, role), pool_size=5)
    async with app.wired():
        site.app = app
        await site.up()
        yield Peer(site, db, clock)
        await site.down()
    await db.close()
    with contextlib.suppress(Exception):
        await server.drop(name)


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with httpx.AsyncClient(trust_env=False) as web:
        yield Fetcher(web, private=True)


class Harvester:
    """Our side: names a source and reads it to its end, or so many pages."""

    def __init__(self, db: Database, clock: ManualClock, fetcher: Fetcher) -> None:
        self.db, self.clock, self.fetcher = db, clock, fetcher
        self.cage = Cage()

    async def add(self, code: str, kind: Kind, url: str, **more: Any) -> None:
        new = NewSource(code=code, kind=kind, url=url, **more)
        await self._do(operations.add_source, new=new)

    async def begin(self, code: str) -> None:
        await self._do(operations.begin, code=code)

    async def page(self) -> Run | None:
        return await harvest_sources.read_one(
            self.db, clock=self.clock.now, cage=self.cage, fetcher=self.fetcher
        )

    async def read(self, code: str) -> Run:
        await self.begin(code)
        while True:
            found = await self.page()
            assert found is not None
            if found.state is not State.RUNNING:
                return found

    async def confirm(self, found: Run) -> Run:
        confirmed: Run = await self._do(operations.confirm, run_id=found.id)
        return confirmed

    async def runs(self) -> list[queries.SourceAndRuns]:
        async with begin(self.db, ACTOR) as tx:
            return await queries.list_sources(tx, viewer=ACTOR)

    async def _do(self, operation: Any, **given: Any) -> Any:
        now = self.clock.now()
        return await run(self.db, ACTOR, lambda tx: operation(tx, actor=ACTOR, now=now, **given))


@pytest.fixture
def ours(db: Database, clock: ManualClock, fetcher: Fetcher) -> Harvester:
    return Harvester(db, clock, fetcher)


async def titles(api: Api) -> list[str]:
    found = must(await api.get("/api/v1/products", limit=100))["items"]
    return sorted(each["name"] for each in found)


@pytest.mark.parametrize(
    ("kind", "path"), [(Kind.CKAN, ""), (Kind.DCAT, "/catalogue.ttl"), (Kind.DCAT, "/catalogue.jsonld"), (Kind.DCAT, "/catalogue.rdf")]
)  # fmt: skip
async def test_a_catalogue_is_taken_in_whole_and_a_second_time_changes_nothing(
    ours: Harvester, peer: Peer, api: Api, kind: Kind, path: str
) -> None:
    await peer.hold(*(record(number) for number in range(120)))
    await ours.add("city", kind, f"{peer.site.url}{path}", licence="CC0-1.0")

    first = await ours.read("city")
    second = await ours.read("city")

    assert (first.state, first.pages, first.imported, first.skipped) == (State.FINISHED, 2, 120, 0)
    assert (second.imported, second.updated, second.unchanged) == (0, 0, 120)
    assert len(set(await titles(api))) == 100
    (hit,) = must(await api.get("/api/v1/products", q="数据 7 某局 7", limit=1))["items"]
    shown = must(await api.get(f"/api/v1/products/{hit['id']}"))
    assert (shown["origin"], shown["source"]) == ("imported", "city")
    assert shown["imported"]["url"].startswith("https://data.example.org/")


async def test_a_run_that_was_killed_goes_on_and_counts_nothing_twice(
    ours: Harvester, peer: Peer, clock: ManualClock
) -> None:
    await peer.hold(*(record(number) for number in range(220)))
    await ours.add("city", Kind.CKAN, peer.site.url)
    await ours.begin("city")
    one = await ours.page()
    # Killed while it read the second page: it is claimed, and nobody takes it until that is over.
    await run(ours.db, ACTOR, lambda tx: operations.claim(tx, actor=ACTOR, now=clock.now()))
    assert await ours.page() is None
    clock.move_by(dt.timedelta(minutes=4))
    # Another process, and the slow one that was thought dead after all: the page counts once.
    both = await asyncio.gather(ours.page(), ours.page())
    last = await ours.page()

    assert one is not None
    assert last is not None
    assert sum(each is None for each in both) <= 1
    assert (last.state, last.pages, last.imported) == (State.FINISHED, 3, 220)


async def test_what_another_source_has_already_is_told_and_not_taken(
    ours: Harvester, peer: Peer, api: Api
) -> None:
    await peer.hold(record(1), record(2))
    await ours.add("first", Kind.CKAN, peer.site.url)
    await ours.add("second", Kind.DCAT, f"{peer.site.url}/catalogue.ttl")

    await ours.read("first")
    await peer.hold(record(3))
    second = await ours.read("second")
    again = await ours.read("first")

    assert (second.imported, second.duplicates) == (1, 2)
    assert (again.imported, again.duplicates, again.unchanged) == (0, 1, 2)
    assert await titles(api) == ["数据 1", "数据 2", "数据 3"]


async def test_what_is_gone_is_taken_back_and_may_come_again(
    ours: Harvester, peer: Peer, api: Api
) -> None:
    await peer.hold(*(record(number) for number in range(10)))
    await ours.add("city", Kind.CKAN, peer.site.url)
    await ours.read("city")
    (hit,) = [
        each
        for each in must(await api.get("/api/v1/products", limit=100))["items"]
        if each["name"] == "数据 3"
    ]
    await peer.drop("r-3")

    gone = await ours.read("city")
    buried = await api.http.get(f"/products/{hit['id']}/dcat.ttl")
    await peer.hold(record(3, description="回来"))
    back = await ours.read("city")

    assert (gone.state, gone.vanished, gone.unchanged) == (State.FINISHED, 1, 9)
    assert buried.status_code == 410
    assert (back.imported + back.updated, back.unchanged) == (1, 9)
    assert must(await api.get(f"/api/v1/products/{hit['id']}"))["name"] == "数据 3"
    assert "deleted-entry" not in (await api.http.get("/catalogue.atom")).text


async def test_too_much_gone_at_once_is_held_until_somebody_looks(
    ours: Harvester, peer: Peer, api: Api
) -> None:
    await peer.hold(*(record(number) for number in range(10)))
    await ours.add("city", Kind.CKAN, peer.site.url)
    await ours.read("city")
    await peer.drop("r-1", "r-2", "r-3")

    held = await ours.read("city")
    still = await titles(api)
    again = await ours.read("city")
    done = await ours.confirm(again)

    assert (held.state, held.vanished) == (State.HELD, 3)
    assert len(still) == 10
    assert again.state is State.HELD
    assert (done.state, done.vanished) == (State.FINISHED, 3)
    assert len(await titles(api)) == 7
    (told,) = await ours.runs()
    assert [each.state for each in told.runs] == [State.FINISHED, State.FAILED, State.FINISHED]
    with pytest.raises(HarvestEventNotAllowed):
        await ours.confirm(done)


async def test_a_source_that_fails_takes_nothing_back(
    ours: Harvester, peer: Peer, api: Api
) -> None:
    await peer.hold(record(1))
    await ours.add("city", Kind.DCAT, f"{peer.site.url}/catalogue.ttl")
    await ours.add("wrong", Kind.DCAT, f"{peer.site.url}/robots.txt")
    await ours.read("city")
    await peer.site.down()

    down = await ours.read("city")
    await peer.site.up()
    wrong = await ours.read("wrong")

    assert (down.state, down.vanished) == (State.FAILED, 0)
    assert "harvest_source_unreachable" in (down.reason or "")
    assert (wrong.state, wrong.imported) == (State.FAILED, 0)
    assert "catalogue_unreadable" in (wrong.reason or "")
    assert await titles(api) == ["数据 1"]


async def test_the_job_reads_what_is_due_and_not_before(
    ours: Harvester, peer: Peer, clock: ManualClock
) -> None:
    await peer.hold(record(1))
    await ours.add("city", Kind.CKAN, peer.site.url, every_hours=12)

    async def work() -> int:
        return await harvest_sources.work(
            ours.db, clock=clock.now, cage=ours.cage, fetcher=ours.fetcher
        )

    told = [await work(), await work()]
    clock.move_by(dt.timedelta(hours=13))
    told.append(await work())

    assert told == [1, 0, 1]
    (source,) = await ours.runs()
    assert [each.state for each in source.runs] == [State.FINISHED, State.FINISHED]


async def test_sources_are_refused_by_name(ours: Harvester, peer: Peer) -> None:
    await ours.add("city", Kind.CKAN, peer.site.url)
    with pytest.raises(operations.HarvestSourceExists):
        await ours.add("city", Kind.DCAT, "https://a.example")
    with pytest.raises(operations.HarvestSourceMissing):
        await ours.begin("nobody")
    await ours.begin("city")
    with pytest.raises(operations.HarvestRunning):
        await ours.begin("city")
    with pytest.raises(operations.HarvestSourceMissing):
        await ours._do(operations.confirm, run_id=new_id())


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.0.0.8", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_addresses_of_the_public_internet_are_fetched_from(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_nothing_private_is_fetched_however_it_is_written(peer: Peer) -> None:
    port = peer.site.port
    async with httpx.AsyncClient(trust_env=False) as web:
        guarded = Fetcher(web)
        for address in (
            f"http://127.0.0.1:{port}/robots.txt",
            f"http://localhost:{port}/robots.txt",
            f"http://2130706433:{port}/robots.txt",
            f"http://0x7f.1:{port}/robots.txt",
            f"http://[::ffff:127.0.0.1]:{port}/robots.txt",
            "ftp://a.example/x",
            "file:///etc/passwd",
            "http://user@a.example/x",
            "no address",
            "http://name.invalid/x",
        ):
            with pytest.raises(SourceUnreachable):
                await guarded.fetch(address)


class Rebinding:
    """A name that leads to the public internet when it is looked at, and inside a moment later."""

    HOST = "rebind.example"
    PUBLIC = "93.184.215.14"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        loop = asyncio.get_running_loop()
        really = loop.getaddrinfo

        async def resolved(host: str, port: int, **how: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name != self.HOST:
                return await really(host, port, **how)
            self.asked += 1
            address = self.PUBLIC if self.asked == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(loop, "getaddrinfo", resolved)


class Wire(httpcore.AsyncNetworkBackend):
    """Connections as they are made, but none leaves this machine."""

    def __init__(self) -> None:
        self.led_to: list[str] = []
        self._really = httpcore.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *args: Any, **how: Any) -> Any:
        self.led_to.append(host)
        if host == Rebinding.PUBLIC:
            raise httpcore.ConnectError("nobody there")
        return await self._really.connect_tcp(host, port, *args, **how)


def client_over(wire: Wire) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(trust_env=False)
    transport._pool = httpcore.AsyncConnectionPool(network_backend=wire)
    return httpx.AsyncClient(transport=transport)


async def test_a_name_that_is_bound_anew_leads_nowhere(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://{Rebinding.HOST}:{peer.site.port}/robots.txt"
    wire, naive = Wire(), Wire()

    name = Rebinding(monkeypatch)
    async with client_over(wire) as web:
        with pytest.raises(SourceUnreachable, match="nobody there"):
            await Fetcher(web).fetch(address)
        assert (name.asked, wire.led_to) == (1, [Rebinding.PUBLIC])
        with pytest.raises(SourceUnreachable, match="is not public"):
            await Fetcher(web).fetch(address)
        assert (name.asked, wire.led_to) == (2, [Rebinding.PUBLIC])

    # Whoever looks at the name and then lets the client resolve it again is led inside.
    async with client_over(naive) as web:
        assert (await web.get(address)).status_code == 200


async def test_redirects_are_looked_at_and_sizes_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        host = request.headers["host"]
        if host == "loop.example":
            return httpx.Response(302, headers={"location": "http://loop.example/"})
        if host == "inside.example":
            return httpx.Response(302, headers={"location": "http://127.0.0.1/"})
        if host == "large.example":
            return httpx.Response(200, content=b"x" * 2000)
        if host == "moved.example":
            return httpx.Response(302, headers={"location": "//small.example/a"})
        return httpx.Response(200, content=b"ok", headers={"content-type": TURTLE_TYPE})

    async def resolved(host: str, port: int, **_: Any) -> Any:
        return [(0, 0, 0, "", ("127.0.0.1" if host == "127.0.0.1" else "93.184.215.14", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    monkeypatch.setattr("market.channels.harvest_web.LONGEST", 1000)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as web:
        fetcher = Fetcher(web)
        for host in ("loop.example", "inside.example", "large.example"):
            with pytest.raises(SourceUnreachable):
                await fetcher.fetch(f"http://{host}/")
        page = await fetcher.fetch("http://moved.example/")

    assert (page.content, page.address, page.media_type) == (
        b"ok",
        "http://small.example/a",
        TURTLE_TYPE,
    )


TURTLE_TYPE = "text/turtle"


async def test_the_head_of_the_operator_harvests_over_http(
    ours: Harvester, peer: Peer, api: Api, clock: ManualClock
) -> None:
    head = await make_member(ours.db, Role.OPERATOR_HEAD, now=clock.now())
    supplier = await make_member(ours.db, Role.SUPPLIER, now=clock.now())
    by = api.as_(head.token)
    path = "/api/v1/harvest-sources"
    new = {"code": "city", "kind": "ckan", "url": peer.site.url, "licence": "CC0-1.0"}
    await peer.hold(*(record(number) for number in range(5)))

    must(await by.post(path, new))
    must(await by.post(f"{path}/city/runs"))
    await ours.page()
    await peer.drop("r-1", "r-2")
    must(await by.post(f"{path}/city/runs"))
    held = await ours.page()
    (told,) = (await by.get(path)).json()
    assert held is not None
    done = must(await by.post(f"/api/v1/harvest-runs/{held.id}/confirmations"))

    assert (told["source"]["licence"], told["runs"][0]["state"]) == ("CC0-1.0", "held")
    assert (done["state"], done["vanished"]) == ("finished", 2)
    assert len(await titles(api)) == 3
    for answer, said in (
        (await by.post(path, new), "harvest_source_exists"),
        (await by.post(path, {**new, "code": "Odd Code"}), "body_invalid"),
        (await by.post(path, {**new, "url": "ftp://data.example/"}), "harvest_address_unfit"),
        (await by.post(f"{path}/nobody/runs"), "not_found"),
        (
            await by.post(f"/api/v1/harvest-runs/{held.id}/confirmations"),
            "harvest_event_not_allowed",
        ),
        (await api.as_(supplier.token).post(path, new), "permission_missing"),
        (await api.get(path), "unauthenticated"),
    ):
        assert code(answer) == said


async def test_the_operator_harvests_at_a_terminal(
    peer: Peer, server: Any, database_name: str, tmp_path: pathlib.Path
) -> None:
    await peer.hold(record(1), record(3))
    place = {
        "DATABASE_URL": server.dsn(database_name),
        "MARKET_SEPARATE_LOGINS": "true",
        "MARKET_HARVEST_PRIVATE_ADDRESSES": "true",
        "MARKET_DATA_DIR": str(tmp_path / "terminal"),
    }

    async def market_(*words: str) -> Any:
        return await asyncio.to_thread(market, "harvest", *words, env=place)

    added = await market_("add", "city", "ckan", peer.site.url, "--every-hours", "6")
    doubled = await market_("add", "city", "dcat", peer.site.url)
    odd = await market_("add", "Odd Code", "dcat", peer.site.url)
    ftp = await market_("add", "county", "dcat", "ftp://data.example/catalogue.ttl")
    await market_("add", "page", "dcat", f"{peer.site.url}/")
    page = await market_("run", "page")
    read = await market_("run", "city")
    nobody = await market_("run", "nobody")
    listed = await market_("list")
    as_json = json.loads((await market_("list", "--json")).stdout)

    assert (added.returncode, doubled.returncode, odd.returncode) == (0, 2, 2)
    assert ftp.returncode == 2
    assert "http://" in ftp.stderr
    assert "city" in doubled.stderr
    assert (read.returncode, nobody.returncode) == (0, 2)
    assert "imported 2" in read.stdout
    assert page.returncode == 1
    assert "无法" in page.stdout  # in words, and not as it is kept
    assert "{" not in page.stdout
    assert "finished" in listed.stdout
    assert as_json[0]["runs"][0]["imported"] == 2
    confirmed = await market_("confirm", as_json[0]["runs"][0]["id"])
    assert confirmed.returncode == 2  # it is not held
