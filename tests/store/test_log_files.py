"""The log's public files: whole for whoever reads them, whenever that is, and whatever was killed."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib

import httpx
import pytest

from catalog.audit_log import disk as log_disk
from catalog.audit_log import queries
from catalog.audit_log.checkpoint import open_checkpoint
from catalog.audit_log.disk import LogDirectory
from catalog.audit_log.sequencer.operations import sequencing
from catalog.audit_log.tiles import TilePath
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, begin
from catalog.monitoring import disk as monitors
from catalog.monitoring.disk import Followed, Monitor
from market.monitor import rounds
from tests.log_of_tests import ORIGIN, TestLog


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    made.directory = LogDirectory(data_dir / "public")
    return made


class Reader:
    """Somebody outside who has nothing but the files, and remembers what it saw."""

    def __init__(self, place: pathlib.Path, log: TestLog) -> None:
        assert log.directory is not None
        self.files = log.directory.path
        monitors.create(place)
        self.monitor = Monitor(place)
        self.monitor.add_log(
            Followed(origin=ORIGIN, keys=(str(log.signer.key),), url="http://files/log")
        )

    def look(self, now: dt.datetime) -> tuple[int, list[str]]:
        """Return how far the log can be read, and what is wrong with it."""

        def answer(request: httpx.Request) -> httpx.Response:
            try:
                name = request.url.path.removeprefix("/log/")
                return httpx.Response(200, content=(self.files / name).read_bytes())
            except FileNotFoundError:
                return httpx.Response(404)

        with httpx.Client(transport=httpx.MockTransport(answer)) as client:
            rounds.follow_all(self.monitor, now=now, client=client, tell=lambda _line: None)
        standing = rounds.standing(self.monitor, self.monitor.log(ORIGIN))
        return standing.replayed, standing.alerts


@pytest.fixture
def reader(log: TestLog, tmp_path: pathlib.Path) -> Reader:
    return Reader(tmp_path / "reader", log)


async def size_of(db: Database) -> int:
    async with begin(db, system("test")) as tx:
        return (await queries.get_checkpoint(tx)).size


async def test_whoever_has_the_files_alone_reads_the_whole_log(
    log: TestLog, reader: Reader, db: Database, now: dt.datetime
) -> None:
    for count in (3, 250, 1, 300, 700):
        await log.append_many(now, count)
        await log.run(now)
        assert reader.look(now) == (await size_of(db), [])


async def test_files_that_come_later_than_the_log_are_written_from_its_first_entry(
    log: TestLog, reader: Reader, db: Database, now: dt.datetime
) -> None:
    directory, log.directory = log.directory, None
    await log.append_many(now, 600)
    await log.run(now)
    log.directory = directory

    await log.run(now)

    assert reader.look(now) == (await size_of(db), [])


class Killed(BaseException):
    """The process ended here."""


async def test_killed_before_whatever_file_nobody_outside_ever_sees_a_checkpoint_without_its_tree(
    log: TestLog,
    reader: Reader,
    db: Database,
    now: dt.datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, left = log_disk._write_synced, [0]

    def dies(target: pathlib.Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(f".{target.name}.0.new").write_bytes(content[: len(content) // 2])
            raise Killed
        write(target, content)

    await log.append_many(now, 250)
    await log.run(now)
    for after in range(12):
        await log.append_many(now, 100)
        seen = reader.look(now)
        monkeypatch.setattr(log_disk, "_write_synced", dies)
        left[0] = after % 6
        log.directory = LogDirectory(reader.files)  # a new process each time
        try:
            await log.run(now)
        except Killed:
            assert reader.look(now) == seen
        monkeypatch.setattr(log_disk, "_write_synced", write)
        if after % 3 == 2:  # else it is killed again before it could go on
            log.directory = LogDirectory(reader.files)
            await log.run(now)
            assert reader.look(now) == (await size_of(db), [])


async def test_readers_of_an_older_checkpoint_still_find_its_unfinished_files(
    log: TestLog, now: dt.datetime, db: Database
) -> None:
    assert log.directory is not None
    await log.append_many(now, 300)
    await log.run(now)
    old = await size_of(db)
    unfinished = [str(TilePath(level, old // 256, old % 256)) for level in (0, None)]

    await log.append_many(now, 20)
    await log.run(now)
    assert all(log.directory.read(name) for name in unfinished)

    await log.append_many(now, 600)  # the tile after it is full
    await log.run(now)
    assert not any(log.directory.read(name) for name in unfinished)
    assert log.directory.read(str(TilePath(0, old // 256)))


async def test_a_file_of_another_history_stops_the_log_before_anything_is_signed(
    log: TestLog, now: dt.datetime, db: Database
) -> None:
    assert log.directory is not None
    await log.append_many(now, 10)
    await log.run(now)
    size = await size_of(db)
    other = log.directory.path / str(TilePath(None, 0, size + 5))
    other.write_bytes(b"another log's bundle")
    await log.append_many(now, 5)

    with pytest.raises(sequencing.LogBroken, match="is not what was written there before"):
        await log.run(now)

    assert await size_of(db) == size
    async with begin(db, system("test")) as tx:
        assert (await queries.get_backlog(tx)).stopped_since == now


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/10"])
async def test_files_that_do_not_fit_themselves_stop_the_log(
    log: TestLog, now: dt.datetime, db: Database, name: str
) -> None:
    assert log.directory is not None
    async with begin(db, system("test")) as tx:
        waiting: int = await tx.fetch_value("SELECT count(*) FROM audit_log.outbox")
    await log.append_many(now, 10 - waiting)
    await log.run(now)
    held = log.directory.read(name)
    assert held is not None
    if name == "checkpoint":
        told = held.decode().split("\n")
        told[2] = "A" * 43 + "="
        (log.directory.path / name).write_text("\n".join(told))
    else:
        (log.directory.path / name).write_bytes(bytes(320))
    log.directory = LogDirectory(log.directory.path)
    await log.append_many(now, 5)

    with pytest.raises(sequencing.LogBroken, match="do not have the root"):
        await log.run(now)


async def test_a_slower_process_does_not_take_the_checkpoint_back(
    log: TestLog, now: dt.datetime
) -> None:
    assert log.directory is not None
    await log.append_many(now, 10)
    await log.run(now)
    old, edge = log.directory.read("checkpoint"), log.directory.edge()
    await log.append_many(now, 10)
    await log.run(now)
    new = log.directory.read("checkpoint")
    assert old is not None

    assert not await asyncio.to_thread(LogDirectory(log.directory.path).show, old, edge)
    assert log.directory.read("checkpoint") == new


async def test_a_checkpoint_that_was_cosigned_is_shown_when_its_tree_is(
    log: TestLog, now: dt.datetime
) -> None:
    assert log.directory is not None
    await log.append_many(now, 10)
    await log.run(now)
    note = log.directory.read("checkpoint")
    assert note is not None
    shown = open_checkpoint(note, log.signer.key)
    assert shown is not None
    ahead = log.signer.note(shown.size + 1, shown.root, previous=shown.size)

    log.directory.show_witnessed(ahead)
    assert log.directory.read("checkpoint.witnessed") is None
    log.directory.show_witnessed(note)
    assert log.directory.read("checkpoint.witnessed") == note
