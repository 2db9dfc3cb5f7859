"""An index that can not be read is answered for by the database, is made anew, and then answers again."""

from __future__ import annotations

import datetime as dt
import errno
import pathlib
from typing import Any

import pytest

from catalog.kernel.actor import PUBLIC
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.search import queries
from catalog.search.disk import faults, layout, writing
from catalog.search.disk.reading import TantivyIndex
from catalog.search.model import Found, IndexStanding
from catalog.search.operations import Follower
from catalog.search.port import IndexAway, SearchPort
from tests.api import Api
from tests.makers_registration import must
from tests.store.test_search_freshness import index, record, write

__all__ = ["index"]  # the fixture
GARBAGE = bytes(range(255, 0, -1)) * 64
# Of every kind of file: which index counts, tantivy's own, those of the base.
FILES = ["current", "{current}/meta.json", "{current}/base/meta.json", "{current}/base/records"]


async def ask(db: Database, port: SearchPort | None) -> Found:
    async with begin(db, PUBLIC) as tx:
        return await faults.answered(
            port, lambda asked: queries.search(tx, port=asked, text="港口 气象", limit=100)
        )


async def standing(db: Database, port: SearchPort) -> IndexStanding:
    async with begin(db, PUBLIC) as tx:
        return await faults.answered(port, lambda asked: queries.get_standing(tx, asked))


def spoilt(directory: pathlib.Path, name: str) -> None:
    """Write over a file of the index that counts, in its place."""
    path = directory / name.format(current=layout.current(directory))
    with path.open("r+b") as file:
        file.write(GARBAGE[: max(path.stat().st_size, 16)])


@pytest.mark.parametrize("name", FILES)
async def test_the_database_answers_for_it_until_it_is_made_anew(
    db: Database, now: dt.datetime, index: TantivyIndex, name: str
) -> None:
    await write(db, now, record(1, "港口气象"), record(2, "港口"), record(3, "机场气象"))
    follower = Follower(db, index)
    await follower.follow(now=now)
    follower.close()
    told = [hit.source_id for hit in (await ask(db, index)).items]
    spoilt(index.directory, name)
    opened = TantivyIndex(index.directory)

    assert [hit.source_id for hit in (await ask(db, opened)).items] == told == ["1", "2", "3"]
    if "records" not in name:  # else it says how far it is, and not what it holds
        assert not (await standing(db, opened)).is_answering
    follower = Follower(db, index)
    await follower.follow(now=now)
    anew = opened.view()
    assert anew is not None
    assert [hit.source_id for hit in (await ask(db, opened)).items] == told
    assert (await standing(db, opened)).is_answering
    assert not faults.is_reported(index.directory)
    follower.close()


async def test_what_stays_unreadable_is_made_anew_once_and_told_after_that(
    db: Database, now: dt.datetime, index: TantivyIndex
) -> None:
    await write(db, now, record(1, "港口"))
    follower = Follower(db, index)
    assert await follower.follow(now=now) == 1
    faults.report(index.directory)
    assert await follower.follow(now=now) == 1
    assert not faults.is_reported(index.directory)

    faults.report(index.directory)
    assert await follower.follow(now=now + dt.timedelta(minutes=9)) == 0
    assert faults.is_reported(index.directory)
    assert await follower.follow(now=now + dt.timedelta(minutes=10)) == 1
    spoilt(index.directory, "{current}/meta.json")
    follower.close()
    with pytest.raises(ValueError, match="corrupt"):
        await follower.follow(now=now + dt.timedelta(minutes=11))
    follower.close()


async def test_a_full_disk_is_told_and_nothing_is_made_anew_on_it(
    db: Database, now: dt.datetime, index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = Follower(db, index)
    await follower.follow(now=now)
    before = layout.current(index.directory)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    await write(db, now, record(1, "港口"))
    monkeypatch.setattr(writing.IndexWriter, "commit", full)
    with pytest.raises(OSError, match="no space left"):
        await follower.follow(now=now)
    follower.close()

    assert layout.current(index.directory) == before


async def test_a_service_whose_index_is_spoilt_stays_ready_and_answers_at_every_door(
    api: Api, db: Database, clock: ManualClock
) -> None:
    await write(db, clock.now(), record(1, "港口气象"))
    await api.run_jobs()
    directory = api.context.search.directory
    assert must(await api.get("/healthz/ready"))["search"] == "ok"
    spoilt(directory, "{current}/meta.json")

    found = must(await api.get("/api/v1/products", q="港口"))
    page = await api.http.get("/products?q=港口", headers={"accept": "text/html"})
    ckan = await api.http.get("/api/3/action/package_search?q=港口")
    ready = await api.get("/healthz/ready")

    assert (found["total"], page.status_code) == (1, 200)
    assert ckan.json()["result"]["count"] == 1
    assert ready.status_code == 200
    assert ready.json()["search"].startswith("answered by the database")
    await api.run_jobs()
    assert must(await api.get("/healthz/ready"))["search"] == "ok"


class Failing:
    """An index of which each question ends in an error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def view(self) -> Any:
        raise self._error


class PanicException(BaseException):
    """As what comes out of tantivy is called."""


@pytest.mark.parametrize("error", [IndexAway("away"), IndexError(), PanicException("corrupt")])
async def test_an_index_that_fails_in_any_way_is_answered_for(
    db: Database, now: dt.datetime, error: BaseException
) -> None:
    await write(db, now, record(1, "港口气象"))

    assert (await ask(db, Failing(error))).total == 1


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt()])
async def test_what_is_no_fault_of_an_index_is_told(db: Database, error: BaseException) -> None:
    with pytest.raises(type(error)):
        await ask(db, Failing(error))
