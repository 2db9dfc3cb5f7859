"""What was committed is in the next answer, however far the index is behind and whatever becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib
import random
import shutil
import uuid
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.db import Database, begin
from catalog.products import imports
from catalog.products.operations import importing
from catalog.search import operations as indexing
from catalog.search import queries
from catalog.search.disk import building, layout, reading, writing
from catalog.search.disk.reading import TantivyIndex
from catalog.search.model import Filters, Found
from catalog.search.operations import Follower
from catalog.search.overlay import Changed
from catalog.search.store.documents import Read

IMPORTER = system("import", "product:import")


@pytest.fixture
def index(tmp_path: pathlib.Path) -> TantivyIndex:
    return TantivyIndex(tmp_path / "search")


def record(number: object, title: str, region: str = "海南") -> imports.Prepared:
    told = {"id": str(number), "title": title, "source": "示例", "region": region}
    prepared = imports.read_line(1, msgspec.json.encode(told))
    assert isinstance(prepared, imports.Prepared)
    return prepared


async def write(db: Database, now: dt.datetime, *batch: imports.Prepared) -> None:
    async with begin(db, IMPORTER) as tx:
        await importing.import_batch(tx, actor=IMPORTER, now=now, batch=list(batch))


async def ask(db: Database, index: TantivyIndex | None, text: str, **more: str) -> Found:
    async with begin(db, PUBLIC) as tx:
        return await queries.search(tx, port=index, text=text, filters=Filters(**more), limit=100)


async def found(db: Database, index: TantivyIndex, text: str) -> set[str | None]:
    return {hit.source_id for hit in (await ask(db, index, text)).items}


async def test_commits_out_of_order_are_all_found_at_once(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    follower = Follower(db, index)
    await follower.follow(now=now)

    async with begin(db, IMPORTER) as slow:
        await importing.import_batch(
            slow, actor=IMPORTER, now=now, batch=[record("slow", "慢慢提交的港口")]
        )
        await write(db, now, record("fast", "很快提交的港口"))
        assert await follower.follow(now=now) == 1
        assert await found(db, index, "港口") == {"fast"}
    assert await found(db, index, "港口") == {"fast", "slow"}

    assert await follower.follow(now=now) == 1
    assert await found(db, index, "港口") == {"fast", "slow"}
    assert await follower.follow(now=now) == 0
    follower.close()


async def test_a_page_is_made_once_until_something_changes(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    await write(db, now, record(1, "港口"), record(2, "机场"))
    await Follower(db, index).rebuild()
    made = await ask(db, index, "港口")

    again = await ask(db, index, "港口")
    assert again is made
    assert (await ask(db, index, "港口", region="海南")).items == made.items

    await write(db, now, record(2, "港口的机场"))
    changed = await ask(db, index, "港口")
    assert {hit.source_id for hit in changed.items} == {"1", "2"}
    assert await ask(db, index, "港口") is changed
    await write(db, now, record(3, "水位"))
    anew = await ask(db, index, "港口")
    assert anew is not changed
    assert anew.items == changed.items


async def test_a_page_for_which_another_table_is_read_is_not_kept() -> None:
    product = uuid.uuid4()

    def read(number: str | None, changed: Mapping[uuid.UUID, Changed]) -> Read:
        row: Any = {"certificate_number": number}
        return Read(position="1:1:", changed=changed, documents={product: row}, is_shared=True)

    assert read(None, {}).may_be_kept
    assert not read("HI-2026", {}).may_be_kept
    assert not read(None, {product: Changed(None)}).may_be_kept
    assert not msgspec.structs.replace(read(None, {}), is_shared=False).may_be_kept


async def test_a_rolled_back_change_is_never_found(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    follower = Follower(db, index)
    await follower.follow(now=now)

    with contextlib.suppress(RuntimeError):
        async with begin(db, IMPORTER) as tx:
            await importing.import_batch(
                tx, actor=IMPORTER, now=now, batch=[record("never", "从未提交的港口")]
            )
            await follower.follow(now=now)
            raise RuntimeError
    await follower.follow(now=now)
    follower.close()

    assert await found(db, index, "港口") == set()


async def test_one_process_writes_the_index_and_another_goes_on_when_it_ends(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    first, second = Follower(db, index), Follower(db, TantivyIndex(index.directory))
    await first.follow(now=now)
    await write(db, now, record(1, "港口"))

    assert await second.follow(now=now) == 0
    first.close()
    assert await second.follow(now=now) == 1
    assert await found(db, index, "港口") == {"1"}
    second.close()


async def test_a_follower_that_dies_in_the_middle_of_a_batch_loses_nothing(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = Follower(db, index)
    await write(db, now, record(1, "港口"))
    await follower.follow(now=now)
    await write(db, now, record(1, "机场"), record(2, "港口"))
    with monkeypatch.context() as patched:
        patched.setattr(writing.IndexWriter, "commit", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await follower.follow(now=now)

    assert await found(db, index, "港口") == {"2"}
    assert await follower.follow(now=now) == 2
    assert await found(db, index, "港口") == {"2"}
    assert await found(db, index, "机场") == {"1"}
    follower.close()


async def test_an_index_too_far_behind_is_not_asked(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Follower(db, index).rebuild()
    monkeypatch.setattr(queries, "MOST_CHANGED", 3)

    await write(db, now, *(record(n, f"港口{n}") for n in range(3)))
    assert len((await ask(db, index, "港口")).items) == 3
    await write(db, now, *(record(n, f"港口{n}") for n in range(3, 6)))
    assert len((await ask(db, index, "港口")).items) == 6


async def test_an_index_whose_changes_are_forgotten_is_not_asked_and_made_anew(
    db: Database, now: dt.datetime, owner_dsn: str, index: TantivyIndex
) -> None:
    await Follower(db, index).rebuild()
    await write(db, now, record(1, "港口"))
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute("UPDATE catalog.search_outbox SET written_at = now() - interval '2 days'")
    await owner.close()
    follower = Follower(db, TantivyIndex(index.directory))
    other = Follower(db, TantivyIndex(index.directory.parent / "other"))
    await other.follow(now=now)
    await other.follow(now=now)  # it prunes

    assert await found(db, index, "港口") == {"1"}
    before = layout.current(index.directory)
    assert await follower.follow(now=now) == 1
    assert layout.current(index.directory) != before
    assert await found(db, index, "港口") == {"1"}
    follower.close()
    other.close()


async def test_an_index_of_another_database_is_made_anew(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    await Follower(db, index).rebuild()
    writer = writing.IndexWriter(index.directory / layout.current(index.directory))
    assert writer.state is not None
    writer.commit(position=writer.state.position, database="restored/2/3")
    writer.close()
    await write(db, now, record(1, "港口"))
    before = layout.current(index.directory)

    follower = Follower(db, index)
    await follower.follow(now=now)
    follower.close()

    assert layout.current(index.directory) != before
    assert await found(db, index, "港口") == {"1"}


async def test_an_index_from_a_future_that_was_never_committed_is_not_asked(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    await Follower(db, index).rebuild()
    await write(db, now, record(1, "港口"))
    writer = writing.IndexWriter(index.directory / layout.current(index.directory))
    assert writer.state is not None
    writer.commit(position="900000000:900000000:", database=writer.state.database)
    writer.close()

    assert await found(db, index, "港口") == {"1"}


async def test_an_index_is_made_anew_beside_the_one_that_serves(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    follower = Follower(db, index)
    await write(db, now, record(1, "港口"))
    await follower.follow(now=now)
    serving = index.view()

    assert await Follower(db, index).rebuild() == 1
    assert index.view() is not serving
    await write(db, now, record(2, "港口"))
    assert await found(db, index, "港口") == {"1", "2"}
    assert await follower.follow(now=now) == 1
    assert await found(db, index, "港口") == {"1", "2"}
    assert len(list(index.directory.glob("index-*"))) == 1
    follower.close()


async def test_only_one_process_makes_it_anew(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    lock = writing.Lock(index.directory, "build.lock")
    assert lock.acquire()

    with pytest.raises(indexing.SearchIndexBeingBuilt):
        await Follower(db, index).rebuild()
    lock.release()
    assert await Follower(db, index).rebuild() == 0


async def test_an_index_that_is_gone_or_of_another_layout_is_not_asked(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(db, now, record(1, "港口"))
    assert index.view() is None
    await Follower(db, index).rebuild()
    assert index.view() is not None

    with monkeypatch.context() as patched:
        patched.setattr(reading, "LAYOUT", "of another release")
        assert index.view() is None
        assert await found(db, index, "港口") == {"1"}
    shutil.rmtree(index.directory)
    assert index.view() is None
    assert await found(db, index, "港口") == {"1"}


async def test_averages_and_totals_are_those_of_what_is_there(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    follower = Follower(db, index)
    await follower.follow(now=now)
    await write(db, now, *(record(n, "港口 气象 观测") for n in range(20)))
    await follower.follow(now=now)
    await write(db, now, *(record(n, "港口") for n in range(10)))
    await follower.follow(now=now)
    follower.close()
    followed = index.view()
    await Follower(db, index).rebuild()
    anew = index.view()

    assert followed is not None
    assert anew is not None
    assert followed.state.totals == anew.state.totals
    assert anew.state.totals.count == 20


async def test_many_are_indexed_in_a_process_of_their_own(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "APART_FROM", 0)
    await write(db, now, *(record(n, f"港口{n} 气象") for n in range(30)))

    assert await Follower(db, index).rebuild() == 30
    await write(db, now, record(3, "机场"))
    assert len((await ask(db, index, "港口3 气象")).items) == 29
    assert (await ask(db, index, "机场")).total == 1

    monkeypatch.setattr(building.sys, "executable", "/bin/false")
    before = layout.current(index.directory)
    with pytest.raises(building.BuilderEnded):
        await Follower(db, index).rebuild()
    assert layout.current(index.directory) == before
    assert (await ask(db, index, "机场")).total == 1


async def test_a_long_tail_is_made_into_a_new_base(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_LONG_TAIL", 5)
    follower = Follower(db, index)
    await follower.follow(now=now)
    before = layout.current(index.directory)
    await write(db, now, *(record(n, f"港口{n}") for n in range(5)))
    assert await follower.follow(now=now) == 5
    assert layout.current(index.directory) == before

    await write(db, now, record(6, "机场"), record(1, "机场"))
    assert await follower.follow(now=now) == 2
    await write(db, now, record(7, "机场"))
    await follower.follow(now=now)  # the old one, unless the new one is made already
    assert await found(db, index, "机场") == {"1", "6", "7"}
    while layout.current(index.directory) == before:
        await asyncio.sleep(0.01)
    await follower.follow(now=now)
    assert await found(db, index, "机场") == {"1", "6", "7"}
    follower.close()


async def test_an_index_that_is_replaced_while_it_is_written_is_followed_in_its_new_place(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = Follower(db, index)
    await follower.follow(now=now)
    before = layout.current(index.directory)
    loop, commit = asyncio.get_running_loop(), writing.IndexWriter.commit

    def commit_late(writer: writing.IndexWriter, *, position: str, database: str) -> None:
        if writer.path.name == before:
            asyncio.run_coroutine_threadsafe(follower.rebuild(), loop).result()
        commit(writer, position=position, database=database)

    monkeypatch.setattr(writing.IndexWriter, "commit", commit_late)
    await write(db, now, record(1, "港口"))
    await follower.follow(now=now)
    await write(db, now, record(2, "港口"))
    await follower.follow(now=now)

    assert [each.name for each in index.directory.glob("index-*")] == [
        layout.current(index.directory)
    ]
    assert layout.current(index.directory) != before
    assert await found(db, index, "港口") == {"1", "2"}
    follower.close()


async def follow_on(follower: Follower, now: dt.datetime) -> None:
    while True:
        await asyncio.sleep(0.01)
        await follower.follow(now=now)


async def test_what_a_new_base_failed_of_is_told_and_nothing_is_left_of_it(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_LONG_TAIL", -1)
    follower = Follower(db, index)
    await follower.follow(now=now)
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "complete", lambda *_, **__: 1 / 0)
        await write(db, now, record(1, "港口"))
        await follower.follow(now=now)
        with pytest.raises(ZeroDivisionError):
            await follow_on(follower, now)

    assert len(list(index.directory.glob("index-*"))) == 1
    assert await found(db, index, "港口") == {"1"}
    follower.close()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_in_whatever_order_an_index_answers_as_the_database_does(
    db: Database, now: dt.datetime, index: TantivyIndex, seed: int
) -> None:
    chance = random.Random(seed)
    titles = ["港口", "机场", "港口 机场", "气象"]
    follower = Follower(db, index)
    await follower.follow(now=now)
    waiting: list[contextlib.AsyncExitStack] = []
    busy: set[int] = set()
    for step in range(120):
        happening = chance.choice(["write", "begin", "commit", "follow", "ask", "ask", "rebuild"])
        free = [n for n in range(12) if n not in busy]
        if happening == "write" and free:
            await write(db, now, record(chance.choice(free), f"{chance.choice(titles)} {step}"))
        elif happening == "begin" and free and len(waiting) < 4:
            stack, number = contextlib.AsyncExitStack(), chance.choice(free)
            tx = await stack.enter_async_context(begin(db, IMPORTER))
            changed = record(number, f"{chance.choice(titles)} {step}")
            await importing.import_batch(tx, actor=IMPORTER, now=now, batch=[changed])
            waiting.append(stack)
            busy.add(number)
            stack.callback(busy.discard, number)
        elif happening == "commit" and waiting:
            await waiting.pop(chance.randrange(len(waiting))).aclose()
        elif happening == "follow":
            await follower.follow(now=now)
        elif happening == "rebuild" and chance.random() < 0.2:
            await Follower(db, index).rebuild()
        else:
            for text in ("港口", "港口 机场", ""):
                ours, theirs = await ask(db, index, text), await ask(db, None, text)
                assert {h.source_id for h in ours.items} == {h.source_id for h in theirs.items}
                assert (ours.total, ours.facets) == (theirs.total, theirs.facets)
    for stack in waiting:
        await stack.aclose()
    follower.close()
