"""A harvest source is paused, resumed and retired; what was taken in from it stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import pathlib
import urllib.parse
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.harvesting import operations, queries
from catalog.harvesting.model import Kind, NewSource, Run, Source
from catalog.harvesting.source_states import (
    HarvestSourcePaused,
    HarvestSourceRetired,
    SourceEvent,
    SourceState,
)
from catalog.harvesting.states import State
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin, run
from market.channels.cage import Cage
from market.channels.harvest_web import Fetcher, Page, SourceUnreachable
from market.identity.permissions import Role
from market.jobs import harvest_sources
from market.jobs.harvest_sources import ACTOR
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.terminal import market

PATH = "/api/v1/harvest-sources"
DO = {
    SourceEvent.PAUSE: operations.pause,
    SourceEvent.RESUME: operations.resume,
    SourceEvent.RETIRE: operations.retire,
}
TO_BE = {
    SourceState.ACTIVE: (),
    SourceState.PAUSED: (SourceEvent.PAUSE,),
    SourceState.RETIRED: (SourceEvent.RETIRE,),
}
ALLOWED = {
    (SourceState.ACTIVE, SourceEvent.PAUSE): SourceState.PAUSED,
    (SourceState.ACTIVE, SourceEvent.RETIRE): SourceState.RETIRED,
    (SourceState.PAUSED, SourceEvent.RESUME): SourceState.ACTIVE,
    (SourceState.PAUSED, SourceEvent.RETIRE): SourceState.RETIRED,
}


class Answering(Fetcher):
    """A CKAN of so many records, in pages of two; it counts what it is asked."""

    def __init__(self, count: int = 3) -> None:
        super().__init__(httpx.AsyncClient(trust_env=False))
        self.count, self.asked, self.is_down = count, 0, False
        self.meanwhile: Any = None  # what happens while the page is on its way

    async def fetch(self, address: str) -> Page:
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.is_down:
            raise SourceUnreachable(reason="status 503")
        start = int(urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["start"][0])
        shown = [
            {"id": f"r-{number}", "title": f"数据 {number}"}
            for number in range(start, min(start + 2, self.count))
        ]
        told = {"success": True, "result": {"count": self.count, "results": shown}}
        return Page(
            content=json.dumps(told).encode(), media_type="application/json", address=address
        )


class House:
    """Our side, with the source ``city``."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db, self.clock, self.web, self.cage = db, clock, Answering(), Cage()

    async def do(self, operation: Any, **given: Any) -> Any:
        now = self.clock.now()
        return await run(self.db, ACTOR, lambda tx: operation(tx, actor=ACTOR, now=now, **given))

    async def move(self, event: SourceEvent) -> Source:
        moved: Source = await self.do(DO[event], code="city")
        return moved

    async def page(self) -> Run | None:
        return await harvest_sources.read_one(
            self.db, clock=self.clock.now, cage=self.cage, fetcher=self.web
        )

    async def work(self) -> int:
        """Do what the job does in one round."""
        return await harvest_sources.work(
            self.db, clock=self.clock.now, cage=self.cage, fetcher=self.web
        )

    async def told(self) -> queries.SourceAndRuns:
        async with begin(self.db, ACTOR) as tx:
            (found,) = await queries.list_sources(tx, viewer=ACTOR)
        return found


@pytest.fixture
async def house(db: Database, clock: ManualClock) -> House:
    house = House(db, clock)
    new = NewSource(code="city", kind=Kind.CKAN, url="https://data.example.org", every_hours=1)
    await house.do(operations.add_source, new=new)
    return house


async def titles(api: Api) -> list[str]:
    found = must(await api.get("/api/v1/products", limit=100))["items"]
    return sorted(each["name"] for each in found)


@pytest.mark.parametrize("event", SourceEvent)
@pytest.mark.parametrize("state", SourceState)
async def test_every_event_moves_a_source_as_allowed_or_changes_nothing(
    house: House, api: Api, state: SourceState, event: SourceEvent
) -> None:
    for earlier in TO_BE[state]:
        await house.move(earlier)
    head = api.as_((await make_member(house.db, Role.OPERATOR_HEAD, now=house.clock.now())).token)
    (before,) = (await head.get(PATH)).json()
    way = {"pause": "pauses", "resume": "resumptions", "retire": "retirements"}[event.value]

    answer = await head.post(f"{PATH}/city/{way}")
    (after,) = (await head.get(PATH)).json()

    wanted = ALLOWED.get((state, event))
    if wanted is None:
        assert (answer.status_code // 100, code(answer)) == (4, f"harvest_source_{state.value}")
        assert "city" in answer.text
        assert after == before
    else:
        assert must(answer)["state"] == after["source"]["state"] == wanted.value
        assert before["source"] | {"state": wanted.value} == after["source"]


async def test_a_paused_source_is_not_harvested_until_it_is_resumed(house: House, api: Api) -> None:
    await house.move(SourceEvent.PAUSE)

    assert await house.work() == 0
    assert house.web.asked == 0
    with pytest.raises(HarvestSourcePaused):
        await house.do(operations.begin, code="city")
    assert (await house.told()).runs == []

    await house.move(SourceEvent.RESUME)
    assert [await house.work() for _ in range(3)] == [1, 1, 0]
    assert await titles(api) == ["数据 0", "数据 1", "数据 2"]


async def test_a_run_waits_at_its_page_while_its_source_is_paused(house: House) -> None:
    await house.work()
    await house.move(SourceEvent.PAUSE)
    waiting = [await house.page(), await house.page()]
    house.clock.move_by(dt.timedelta(hours=2))
    waiting.append(await house.page())
    await house.move(SourceEvent.RESUME)

    last = await house.page()

    assert waiting == [None, None, None]
    assert last is not None
    assert (last.state, last.pages, last.imported) == (State.FINISHED, 2, 3)


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("event", [SourceEvent.PAUSE, SourceEvent.RETIRE])
async def test_a_page_that_was_on_its_way_is_not_taken(
    house: House, api: Api, event: SourceEvent, is_down: bool
) -> None:
    async def meanwhile() -> None:
        house.web.meanwhile = None
        await house.move(event)

    await house.do(operations.begin, code="city")
    house.web.meanwhile, house.web.is_down = meanwhile, is_down
    await house.page()

    (going,) = (await house.told()).runs
    assert (going.pages, going.imported) == (0, 0)
    assert await titles(api) == []
    stays = event is SourceEvent.PAUSE and not is_down
    assert going.state is (State.RUNNING if stays else State.FAILED)
    if stays:
        await house.move(SourceEvent.RESUME)
        taken = await house.page()  # at once: nobody holds it
        assert taken is not None
        assert taken.imported == 2


async def test_one_that_was_paused_after_it_was_found_due_is_passed_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = queries.list_due

    async def then_paused(*args: Any, **given: Any) -> list[str]:
        found = await due(*args, **given)
        await house.move(SourceEvent.PAUSE)
        return found

    monkeypatch.setattr(queries, "list_due", then_paused)

    assert await house.work() == 0
    assert (await house.told()).runs == []


async def test_what_a_retired_source_gave_stays_and_it_is_never_read_again(
    house: House, api: Api
) -> None:
    while await house.work():
        pass
    asked = house.web.asked
    (hit, *_) = must(await api.get("/api/v1/products", limit=100))["items"]
    before = await titles(api)

    await house.move(SourceEvent.RETIRE)
    house.clock.move_by(dt.timedelta(days=2))

    assert await house.work() == 0
    assert house.web.asked == asked
    with pytest.raises(HarvestSourceRetired):
        await house.do(operations.begin, code="city")
    assert await titles(api) == before
    shown = must(await api.get(f"/api/v1/products/{hit['id']}"))
    assert (shown["origin"], shown["source"]) == ("imported", "city")


async def test_retiring_breaks_a_run_off_and_declines_one_that_is_held(
    house: House, api: Api
) -> None:
    while await house.work():
        pass
    house.web.count = 1
    house.clock.move_by(dt.timedelta(hours=2))
    await house.work()
    held = (await house.told()).runs[0]

    await house.move(SourceEvent.RETIRE)
    declined = (await house.told()).runs[0]

    assert (held.state, declined.state) == (State.HELD, State.FAILED)
    assert held.id == declined.id
    assert await titles(api) == ["数据 0", "数据 1", "数据 2"]


async def test_a_run_that_retiring_broke_off_says_so(house: House) -> None:
    await house.do(operations.begin, code="city")
    await house.move(SourceEvent.RETIRE)

    (broken,) = (await house.told()).runs

    assert (broken.state, broken.reason) == (
        State.FAILED,
        "harvest_source_retired {'code': 'city'}",
    )
    assert broken.ended_at == house.clock.now()


async def test_the_head_of_the_operator_alone_moves_a_source_and_once_by_a_key(
    house: House, api: Api
) -> None:
    now = house.clock.now()
    head = api.as_((await make_member(house.db, Role.OPERATOR_HEAD, now=now)).token)
    supplier = api.as_((await make_member(house.db, Role.SUPPLIER, now=now)).token)
    for way in ("pauses", "resumptions", "retirements"):
        assert code(await supplier.post(f"{PATH}/city/{way}")) == "permission_missing"
        assert code(await api.post(f"{PATH}/city/{way}")) == "unauthenticated"
        assert code(await head.post(f"{PATH}/nobody/{way}")) == "not_found"
    assert (await house.told()).source.state is SourceState.ACTIVE

    paused = must(await head.post(f"{PATH}/city/pauses", key="once-and-no-more"))
    again = must(await head.post(f"{PATH}/city/pauses", key="once-and-no-more"))

    assert paused == again
    auditor = api.as_((await make_member(house.db, Role.AUDIT_ADMINISTRATOR, now=now)).token)
    assert len(await auditor.find_in_log(action="harvest_source:paused")) == 1


async def test_the_database_lets_no_retired_source_back_and_knows_its_states(
    house: House, owner_dsn: str
) -> None:
    await house.move(SourceEvent.PAUSE)
    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute("UPDATE catalog.harvest_sources SET state = 'asleep'")
        await house.move(SourceEvent.RETIRE)
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute("UPDATE catalog.harvest_sources SET state = 'active'")
    finally:
        await owner.close()
    async with begin(house.db, ACTOR) as tx:
        tx.remember()
        with pytest.raises(asyncpg.RestrictViolationError):
            await tx.execute("UPDATE catalog.harvest_sources SET state = 'active'")


async def test_the_operator_pauses_resumes_and_retires_at_a_terminal(
    house: House, server: Any, database_name: str, tmp_path: pathlib.Path
) -> None:
    place = {
        "DATABASE_URL": server.dsn(database_name),
        "MARKET_SEPARATE_LOGINS": "true",
        "MARKET_DATA_DIR": str(tmp_path / "terminal"),
    }
    said = [
        await asyncio.to_thread(market, "harvest", *words.split(), env=place)
        for words in (
            "pause city", "pause city", "run city", "list", "resume city", "resume city",
            "retire city", "resume city", "retire nobody", "list --json",
        )
    ]  # fmt: skip

    assert [each.returncode for each in said] == [0, 2, 2, 0, 0, 2, 0, 2, 2, 0]
    assert "已暂停 · Paused" in said[0].stdout
    assert "已暂停" in said[1].stderr
    assert "已暂停 · Paused" in said[3].stdout
    assert "正常 · Active" in said[4].stdout
    assert "已停用 · Retired" in said[6].stdout
    (told,) = json.loads(said[9].stdout)
    assert told["source"]["state"] == "retired"
