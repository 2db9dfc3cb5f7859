"""A product is told to the owner of a search once, whatever is killed, late or at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.notifications import operations as notifications
from catalog.notifications import queries as inbox
from catalog.search.model import Filters
from catalog.search.store import outbox
from catalog.thesaurus.queries import Book
from catalog.thesaurus.synonyms import NO_SYNONYMS
from market.identity.permissions import Role
from market.jobs import saved_searches_due
from market.saved_searches import keeping, operations, queries
from market.saved_searches.model import Match, SavedSearch
from tests.makers_identity import Member, make_member
from tests.store.test_search import import_records

PORTS = [("1", "港口吞吐量", "按月统计", "海南", "csv"), ("2", "港口气象", "风速", "台北", "csv")]
LATER = [("3", "港口船期", "船期", "海南", "csv"), ("4", "水库水位", "水位", "海南", "csv")]
A_LOOK = keeping.LOOKED_EVERY
JOB = system("test")


class Keeper:
    """An account that keeps searches in a catalogue that changes."""

    def __init__(self, db: Database, clock: ManualClock, who: Member) -> None:
        self.db, self.clock, self.who = db, clock, who
        self.book = Book()

    async def save(self, text: str = "港口", name: str = "港口", **filters: Any) -> SavedSearch:
        async with begin(self.db, self.who.actor) as tx:
            return await operations.save(
                tx,
                actor=self.who.actor,
                now=self.clock.now(),
                synonyms=NO_SYNONYMS,
                name=name,
                text=text,
                filters=Filters(**filters),
            )

    async def publish(self, rows: Any) -> None:
        await import_records(self.db, self.clock.now(), rows)

    async def look(self, *, wait: dt.timedelta = A_LOOK) -> int:
        self.clock.move_by(wait)
        return await saved_searches_due.run(self.db, now=self.clock.now(), synonyms=self.book)

    async def matches(self, search: SavedSearch, who: Member | None = None) -> list[Match]:
        actor = (who or self.who).actor
        async with begin(self.db, actor) as tx:
            page = await queries.list_matches(tx, viewer=actor, saved_search_id=search.id)
        return page.items

    async def told(self) -> list[dict[str, Any]]:
        async with begin(self.db, self.who.actor) as tx:
            page = await inbox.list_mine(tx, viewer=self.who.actor)
        return [msgspec.to_builtins(item) for item in page.items]


@pytest.fixture
async def keeper(db: Database, clock: ManualClock) -> Keeper:
    made = Keeper(db, clock, await make_member(db, Role.BUYER, now=clock.now()))
    await made.publish(PORTS)
    return made


async def test_what_comes_after_it_was_saved_is_told_once_and_what_was_there_never(
    keeper: Keeper,
) -> None:
    search = await keeper.save()
    assert await keeper.look() == 0
    assert await keeper.told() == []

    await keeper.publish(LATER)
    assert await keeper.look() == 1
    assert [match.name for match in await keeper.matches(search)] == ["港口船期"]
    (message,) = await keeper.told()
    assert message["topic"] == "saved_search_matched"

    assert await keeper.look() == 0
    assert len(await keeper.told()) == 1


async def test_it_is_looked_into_every_so_often_and_not_in_between(keeper: Keeper) -> None:
    await keeper.save()
    await keeper.publish(LATER)

    assert await keeper.look(wait=dt.timedelta(seconds=1)) == 0
    assert await keeper.look() == 1


async def test_a_product_that_is_changed_into_an_answer_is_told_and_one_that_was_one_is_not(
    keeper: Keeper,
) -> None:
    await keeper.publish(LATER)
    search = await keeper.save(region="海南")

    await keeper.publish([("1", "港口吞吐量", "按月统计，含集装箱", "海南", "csv")])
    assert await keeper.look() == 0

    await keeper.publish([("4", "水库与港口水位", "水位", "海南", "csv")])
    assert await keeper.look() == 1
    assert [match.name for match in await keeper.matches(search)] == ["水库与港口水位"]


async def test_a_search_that_found_very_much_is_told_of_what_is_published_later_alone(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_KNOWN", 1)
    await keeper.publish([("4", "水库水位", "水位", "海南", "csv")])
    keeper.clock.move_by(dt.timedelta(hours=1))
    search = await keeper.save()

    await keeper.publish([("4", "水库与港口水位", "水位", "海南", "csv"), LATER[0]])

    assert await keeper.look() == 1
    assert [match.name for match in await keeper.matches(search)] == ["港口船期"]


async def test_a_look_that_is_killed_tells_nothing_and_the_next_one_all(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = await keeper.save()
    await keeper.publish(LATER)

    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(notifications, "send", killed)
        with pytest.raises(asyncio.CancelledError):
            await keeper.look()
    assert await keeper.matches(search) == []

    assert await keeper.look() == 1
    assert len(await keeper.told()) == 1


async def test_two_workers_at_once_tell_once(keeper: Keeper) -> None:
    await keeper.save()
    await keeper.publish(LATER)
    keeper.clock.move_by(A_LOOK)
    now = keeper.clock.now()

    told = await asyncio.gather(
        *(saved_searches_due.run(keeper.db, now=now, synonyms=Book()) for _ in range(3))
    )

    assert sum(told) == 1
    assert len(await keeper.told()) == 1


async def test_a_transaction_that_commits_late_is_not_missed(keeper: Keeper) -> None:
    await keeper.publish(LATER[1:])
    search = await keeper.save()
    async with begin(keeper.db, JOB) as tx:
        await tx.execute(
            "UPDATE catalog.product_documents SET terms = '港口' WHERE name = '水库水位'"
        )
        assert await keeper.look() == 0  # it is not committed, and the look has gone past it

    assert await keeper.look() == 1
    assert [match.name for match in await keeper.matches(search)] == ["水库水位"]


async def test_after_a_long_silence_all_is_looked_at_again(keeper: Keeper) -> None:
    search = await keeper.save()
    await keeper.publish(LATER)
    async with begin(keeper.db, JOB) as tx:
        await tx.execute("SELECT pg_current_xact_id()")
        await outbox.prune(tx, older_than_seconds=-10)

    assert await keeper.look(wait=dt.timedelta(days=3)) == 1
    assert [match.name for match in await keeper.matches(search)] == ["港口船期"]


async def test_a_product_that_is_public_no_more_is_in_no_list(keeper: Keeper) -> None:
    search = await keeper.save()
    await keeper.publish(LATER)
    await keeper.look()
    async with begin(keeper.db, JOB) as tx:
        await tx.execute("DELETE FROM catalog.product_documents WHERE name = '港口船期'")

    assert await keeper.matches(search) == []
    assert "港口船期" not in str(await keeper.told())


async def test_nobody_sees_what_another_looks_for(keeper: Keeper, db: Database) -> None:
    search = await keeper.save()
    colleague = await make_member(db, Role.BUYER, now=keeper.clock.now(), party=keeper.who.party)
    others = [
        colleague,
        *[await make_member(db, role, now=keeper.clock.now()) for role in Role],
    ]
    for other in others:
        with pytest.raises(queries.SavedSearchMissing):
            await keeper.matches(search, other)
        async with begin(db, other.actor) as tx:
            assert await tx.fetch("SELECT * FROM market.saved_searches") == []
            assert await tx.fetch("SELECT * FROM market.saved_search_matches") == []


async def test_synonyms_count_when_it_is_looked(keeper: Keeper) -> None:
    search = await keeper.save(text="公交", name="公交")
    await keeper.publish([("9", "巴士路线", "巴士", "海南", "csv")])

    assert await keeper.look() == 1
    assert [match.name for match in await keeper.matches(search)] == ["巴士路线"]
