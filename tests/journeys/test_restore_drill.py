"""An older copy of the database is restored: everything refuses it, and the public files fill it up again."""

from __future__ import annotations

import datetime as dt
import pathlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log import queries, tiles
from catalog.audit_log.disk import CheckpointJournal, LogDirectory
from catalog.audit_log.model import EntryId, Subject
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.monitoring import disk as monitors
from catalog.monitoring.disk import Followed, Monitor
from catalog.witnessing import deciding
from catalog.witnessing import disk as witnesses
from catalog.witnessing.request import AddCheckpoint
from market.app import create_app
from market.cli.refill import RefillRefused, refill, source
from market.monitor import rounds
from market.settings import Settings
from tests.api import Api, code
from tests.makers_trade import Trade, make_trade
from tests.terminal import copied, market

SECOND = dt.timedelta(seconds=1)


class Drill:
    """A market that went on for a while after its backup was made, and the backup."""

    def __init__(self, trade: Trade, order: str, settings: Settings, restored: Database) -> None:
        self.trade = trade
        self.order = order
        self.settings = settings  # of a service on the backup; keys, journal and files are today's
        self.db = restored
        self.journal = CheckpointJournal(settings.journal_path)
        assert settings.log_files_dir is not None
        self.files = LogDirectory(settings.log_files_dir)

    async def size(self) -> int:
        async with begin(self.db, system("test")) as tx:
            return (await queries.get_edge(tx)).size

    async def refill(self, place: object = None) -> Any:
        return await refill(
            self.db,
            source(str(place or self.files.path)),
            journal=self.journal,
            now=self.trade.clock.now(),
        )


@pytest.fixture
async def drill(
    server: Any, database_name: str, settings: Settings, clock: ManualClock
) -> AsyncIterator[Drill]:
    """A product was sold and used twice before the backup, and three times after it."""
    backup = f"test_{secrets.token_hex(6)}"
    public = msgspec.structs.replace(settings, log_files_dir=settings.data_dir / "public")
    made = create_app(public, clock=clock)

    def database(name: str) -> Database:
        return Database(lambda role: server.dsn(name, role), pool_size=10)

    db = database(database_name)
    async with made.wired(), Api.on(made, clock) as api:
        trade = await make_trade(api, db, clock)
        order = await trade.delivered(price_item="forever", quantity=1)
        for _ in range(2):
            assert (await trade.content(order)).status_code == 200
        await api.keep_the_log()
        assert (await trade.content(order)).status_code == 200  # waits in the backup's outbox
    await db.close()
    await server.create(backup, database_name)
    db = database(database_name)
    made = create_app(public, clock=clock)
    async with made.wired(), Api.on(made, clock) as api:
        trade.api = api
        clock.move_by(SECOND)
        for _ in range(2):
            assert (await trade.content(order)).status_code == 200
        await trade.placed()
        await api.run_jobs()
        await api.run_jobs()
    await db.close()
    restored = database(backup)
    yield Drill(
        trade,
        order,
        msgspec.structs.replace(public, database_url=server.dsn(backup)),
        restored,
    )
    await restored.close()
    await server.drop(backup)


async def test_the_drill(drill: Drill, clock: ManualClock, tmp_path: pathlib.Path) -> None:
    last = drill.journal.last()
    assert last is not None
    before = await drill.size()
    assert before < last.size
    made = create_app(drill.settings, clock=clock)
    async with made.wired(), Api.on(made, clock) as api:
        trade = drill.trade
        trade.api = api

        # 1. The signer's journal refuses it: no places, no signature, no metering.
        clock.move_by(SECOND)
        assert (await api.run_jobs())["sequence_log"] == -1
        clock.move_by(SECOND)
        assert code(await trade.content(drill.order)) == "log_stopped"
        assert await drill.size() == before

        # 2. From the public files it gets back what was signed, and counts on from there.
        done = await drill.refill()
        assert (done.start, done.end) == (before, last.size)
        assert done.orders == [drill.order]
        assert done.checkpoints > 0
        assert await drill.size() == last.size

        # 3. It goes on: signs what continues, and meters the use behind the ones it lost.
        assert (await api.run_jobs())["sequence_log"] >= 0
        clock.move_by(SECOND)
        used = await trade.content(drill.order)
        assert (used.status_code, used.headers["x-usage-sequence"]) == (200, "6")
        await api.run_jobs()
        newest = drill.journal.last()
        assert newest is not None
        assert newest.size > last.size

        # 4. What is lost besides is not passed over: no statement is signed that leaves uses out.
        told = await trade.by(trade.supplier).get(f"/api/v1/orders/{drill.order}/usage")
        assert told.status_code >= 400

    assert await _read_by_a_stranger(drill, tmp_path) == (newest.size, [])


async def _read_by_a_stranger(drill: Drill, tmp_path: pathlib.Path) -> tuple[int, list[str]]:
    from catalog.audit_log.checkpoint import parse_note

    note = drill.files.read("checkpoint")
    assert note is not None
    origin = parse_note(note).text.split("\n")[0]
    made = create_app(drill.settings, clock=drill.trade.clock)
    async with made.wired() as wiring:
        key = str(wiring.log_signer.key)
    monitors.create(tmp_path / "m")
    monitor = Monitor(tmp_path / "m")
    monitor.add_log(Followed(origin=origin, keys=(key,), url="http://files/log"))

    def answer(request: httpx.Request) -> httpx.Response:
        raw = drill.files.read(request.url.path.removeprefix("/log/"))
        return httpx.Response(404 if raw is None else 200, content=raw or b"")

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        rounds.follow_all(
            monitor, now=drill.trade.clock.now(), client=client, tell=lambda _line: None
        )
    standing = rounds.standing(monitor, monitor.log(origin))
    return standing.replayed, standing.alerts


async def test_entries_that_were_put_back_are_found_by_their_subjects(drill: Drill) -> None:
    await drill.refill()

    about = Subject("order", drill.order)
    async with begin(drill.db, system("test")) as tx:
        found = await queries.list_entries_about_any(tx, system("test"), [about.key], limit=1000)
        waiting = await tx.fetch_value(
            "SELECT count(*) FROM audit_log.outbox JOIN audit_log.leaves USING (entry_id)"
        )
        places = [await queries.find_index(tx, EntryId(entry.id)) for entry in found]

    assert [entry.event for entry in found].count("data:accessed") == 5
    assert None not in places
    assert waiting == 0  # what waited in the backup has the place that it was given


async def test_it_is_put_back_from_an_address_as_well(
    drill: Drill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raw = drill.files.read(request.url.path.removeprefix("/log/"))
        return httpx.Response(404 if raw is None else 200, content=raw or b"")

    transport = httpx.MockTransport(answer)
    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **_: client(transport=transport))

    done = await drill.refill("http://market.example/log/")

    assert await drill.size() == done.end
    with pytest.raises(RefillRefused) as refused:
        await drill.refill()
    assert refused.value.facts["reason"] == "nothing is missing"


@pytest.mark.parametrize("how", ["changed", "cut", "gone", "of another log"])
async def test_files_that_are_not_what_was_signed_change_nothing(drill: Drill, how: str) -> None:
    before = await drill.size()
    number = before // tiles.TILE_WIDTH
    folder = drill.files.path / "tile" / "entries"
    for path in [*folder.rglob(f"{number:03}"), *folder.rglob(f"{number:03}.p/*")]:
        leaves = list(tiles.unpack(path.read_bytes()))
        if how == "gone":
            path.unlink()
        elif how == "cut":
            path.write_bytes(tiles.pack(leaves[:-1]))
        elif how == "changed":
            leaves[-1] = leaves[-1].replace(b'"v":1', b'"v":2')
            path.write_bytes(tiles.pack(leaves))
        else:
            path.write_bytes(b"\x00\xff")

    with pytest.raises(RefillRefused):
        await drill.refill()

    assert await drill.size() == before
    async with begin(drill.db, system("test")) as tx:
        refilled = await tx.fetch_value(
            "SELECT count(*) FROM audit_log.entries WHERE event = 'log:refilled'"
        )
    assert refilled == 0


async def test_a_witness_refuses_what_an_old_copy_would_sign(
    drill: Drill, tmp_path: pathlib.Path
) -> None:
    last = drill.journal.last()
    assert last is not None
    made = create_app(drill.settings, clock=drill.trade.clock)
    async with made.wired() as wiring:
        signer, now = wiring.log_signer, drill.trade.clock.now()
    witnesses.create(tmp_path / "w", "w.example/w")
    witness = witnesses.Witness(tmp_path / "w")
    witness.add_log(signer.key)
    body = AddCheckpoint(0, (), last.note.encode()).body()
    assert witness.add_checkpoint(body, now)

    async with begin(drill.db, system("test")) as tx:
        edge = await queries.get_edge(tx)
    old = signer.note(edge.size, edge.root(), previous=0)
    with pytest.raises(deciding.CheckpointSmaller):
        witness.add_checkpoint(AddCheckpoint(last.size, (), old).body(), now)
    other, _ = edge.extended([bytes(32)] * (last.size - edge.size))
    forked = signer.note(other.size, other.root(), previous=edge.size)
    with pytest.raises(deciding.HistoryRefused):
        witness.add_checkpoint(AddCheckpoint(last.size, (), forked).body(), now)


async def test_a_market_that_signed_nothing_has_nothing_to_put_back(
    db: Database, data_dir: pathlib.Path, now: dt.datetime
) -> None:
    with pytest.raises(RefillRefused):
        await refill(
            db,
            LogDirectory(data_dir / "public"),
            journal=CheckpointJournal(data_dir / "none.jsonl"),
            now=now,
        )


def test_at_a_terminal_it_says_that_nothing_is_missing(story: Any, tmp_path: pathlib.Path) -> None:
    data_dir = copied(pathlib.Path(story["data_dir"]), tmp_path / "data")

    result = market("log", "refill", "--from", tmp_path / "public", "--data-dir", data_dir)

    assert result.returncode == 1
    assert "[log_refill_refused]" in result.stderr
    assert "nothing is missing" in result.stderr
