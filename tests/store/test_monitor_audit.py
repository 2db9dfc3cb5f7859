"""A monitor reads again what it read before: an old file that was rewritten since is found and named."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log import merkle, tiles
from catalog.monitoring import disk
from catalog.monitoring.alerts import Kind
from catalog.monitoring.db import BusyNow
from catalog.monitoring.disk import Followed, Monitor
from market.monitor import auditing, rounds
from market.monitor.auditing import Audited
from tests.files_served import files_served
from tests.published_log import BASE, EPOCH, KEY, ORIGIN, PublishedLog, use, uses
from tests.terminal import free_port, market, start

NOW = EPOCH + dt.timedelta(hours=1)


class Reader:
    """A monitor of one log in a directory."""

    def __init__(self, place: pathlib.Path, log: PublishedLog) -> None:
        self.place, self.log = place, log
        self.lines: list[dict[str, Any]] = []
        disk.create(place)
        self.monitor.add_log(Followed(origin=ORIGIN, keys=(str(KEY),), url=BASE))

    @property
    def monitor(self) -> Monitor:
        return Monitor(self.place)

    def look(self) -> list[str]:
        with self.log.client() as client:
            rounds.follow_all(self.monitor, now=NOW, client=client, tell=self._tell)
        return rounds.standing(self.monitor, self.monitor.log(ORIGIN)).alerts

    def audit(self) -> Audited:
        self.lines = []
        with self.log.client() as client:
            (found,) = rounds.audit_all(self.monitor, now=NOW, client=client, tell=self._tell)
        return found

    def _tell(self, line: bytes) -> None:
        self.lines.append(msgspec.json.decode(line))


@pytest.fixture
def log() -> PublishedLog:
    return PublishedLog(uses(0, 2_000))


@pytest.fixture
def reader(tmp_path: pathlib.Path, log: PublishedLog) -> Reader:
    made = Reader(tmp_path / "m", log)
    assert made.look() == []
    return made


def rewritten(log: PublishedLog, index: int) -> PublishedLog:
    """Return the log with one entry changed, and every tile made to fit."""
    leaves = list(log.leaves)
    leaves[index] = use(index, 5, 999)
    return PublishedLog(leaves)


def test_an_honest_log_is_read_again_and_nothing_is_wrong(
    reader: Reader, log: PublishedLog
) -> None:
    log.asked.clear()

    assert reader.audit() == Audited(origin=ORIGIN, entries=2_000, alerts=())
    assert "tile/entries/000" in log.asked
    log.grow(uses(2_000, 700))
    # What came since is for a look to read first.
    assert reader.audit().entries == 2_000
    assert reader.look() == []
    assert reader.audit().entries == 2_700
    assert reader.lines == []


def test_a_log_that_was_not_read_yet_has_nothing_to_be_read_again(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    assert Reader(tmp_path / "n", log).audit() == Audited(origin=ORIGIN, entries=0, alerts=())


def _a_leaf(log: PublishedLog) -> None:
    other = rewritten(log, 300)
    log.files["tile/entries/001"] = other.files["tile/entries/001"]


def _a_leaf_and_its_tile(log: PublishedLog) -> None:
    _a_leaf(log)
    log.files["tile/0/001"] = rewritten(log, 300).files["tile/0/001"]


def _everything_but_the_checkpoint(log: PublishedLog) -> None:
    signed = log.files["checkpoint"]
    log.files = rewritten(log, 300).files | {"checkpoint": signed}


def _a_tile(log: PublishedLog) -> None:
    log.files["tile/0/001"] = bytes(32) + log.files["tile/0/001"][32:]


def _a_tile_above(log: PublishedLog) -> None:
    path = "tile/1/000.p/7"
    log.files[path] = log.files[path][:32] + bytes(32) + log.files[path][64:]


def _the_last_bundle(log: PublishedLog) -> None:
    signed = log.files["checkpoint"]
    log.files = rewritten(log, 1_999).files | {"checkpoint": signed}


@pytest.mark.parametrize(
    ("change", "about"),
    [
        (_a_leaf, {"entry 300", "tile/1/000.p/7", "entries 256 to 511"}),
        (_a_leaf_and_its_tile, {"tile/1/000.p/7", "entries 256 to 511"}),
        (_everything_but_the_checkpoint, {"entries 256 to 511"}),
        (_a_tile, {"entry 256"}),
        (_a_tile_above, {"tile/1/000.p/7"}),
        (_the_last_bundle, {"entries 1999 to 1999"}),
    ],
)
def test_what_was_rewritten_since_is_found_and_named(
    reader: Reader, log: PublishedLog, change: Callable[[PublishedLog], None], about: set[str]
) -> None:
    honest = dict(log.files)
    change(log)
    assert reader.look() == []  # nothing new: a look does not see it

    found = reader.audit()

    assert found.entries == 2_000
    assert set(found.alerts) == {f"{Kind.REWRITTEN}:{each}" for each in about}
    assert {line["about"] for line in reader.lines} == about
    # It stands until a person saw it, whatever is served meanwhile.
    log.files = honest
    assert reader.audit().alerts == ()
    standing = rounds.standing(reader.monitor, reader.monitor.log(ORIGIN))
    assert set(standing.alerts) == set(found.alerts)


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_a_bundle_that_was_cut_since_is_named(reader: Reader, log: PublishedLog, cut: int) -> None:
    some = list(tiles.unpack(log.files["tile/entries/002"]))
    raw = tiles.pack(some[:200])
    log.files["tile/entries/002"] = raw[: len(raw) - cut] if cut else raw

    found = reader.audit().alerts

    assert f"{Kind.REWRITTEN}:entries 512 to 767" in found
    assert any(each.endswith(("entry 712", "bundle 2")) for each in found)


def test_a_file_that_is_gone_is_told_and_so_is_a_log_that_does_not_answer(
    reader: Reader, log: PublishedLog
) -> None:
    del log.files["tile/0/003"]
    gone = reader.audit()
    assert (gone.entries, gone.alerts) == (768, (f"{Kind.FILE_MISSING}:tile/0/003",))
    log.is_away = True

    away = reader.audit()

    assert (away.is_reached, away.entries, away.alerts) == (False, 0, ())


def test_of_very_many_only_some_are_told(
    reader: Reader, log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST", 3)
    for number in range(7):
        path = f"tile/entries/{number:03}"
        log.files[path] = log.files[path][:-1] + b"!"

    assert len(reader.audit().alerts) == 3


# ── as a command, on all cores; metrics ─────────────────────────────────────────────────────


def written(log: PublishedLog, place: pathlib.Path) -> None:
    for name, content in log.files.items():
        path = place / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_long_log_is_read_and_read_again_on_all_cores_to_the_same(
    tmp_path: pathlib.Path,
) -> None:
    log = PublishedLog(uses(0, 40_000))  # more than is read before other processes start
    written(log, tmp_path / "public")
    place = ("--dir", tmp_path / "m")
    with files_served(tmp_path / "public") as url:
        market("monitor", "init", *place)
        market("monitor", "add-log", KEY, "--url", f"{url}/log", *place)
        once = market("monitor", "once", *place)
        again = market("monitor", "audit", *place)
        bundle = tmp_path / "public" / "log" / "tile" / "entries" / "150"
        bundle.write_bytes(bundle.read_bytes()[:-1] + b"!")
        changed = market("monitor", "audit", *place)
    away = market("monitor", "audit", *place)

    assert (once.returncode, lines_of(once)[-1]["replayed"]) == (0, 40_000), once.stderr
    assert (again.returncode, lines_of(again)[-1]["entries"]) == (0, 40_000), again.stderr
    with Monitor(tmp_path / "m").memory(ORIGIN) as memory:
        assert memory.progress().edge.root() == merkle.root_of(log.leaves)
    assert changed.returncode == 1
    assert {line["alert"] for line in lines_of(changed)[:-1]} == {"log_rewritten"}
    assert any(line.get("about") == "entry 38655" for line in lines_of(changed))
    assert (away.returncode, lines_of(away)[-1]["is_reached"]) == (2, False)


def test_a_running_monitor_tells_prometheus_how_its_logs_stand(tmp_path: pathlib.Path) -> None:
    log = PublishedLog(uses(0, 300))
    written(log, tmp_path / "public")
    place, port = ("--dir", tmp_path / "m"), free_port()
    with files_served(tmp_path / "public") as url:
        market("monitor", "init", *place)
        market("monitor", "add-log", KEY, "--url", f"{url}/log", *place)
        process = start("monitor", "run", "--every", "0.2", "--metrics-port", port, *place)
        try:
            told = ""
            for _ in range(200):
                try:
                    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
                    told = answer.text
                except httpx.TransportError:
                    pass
                if f'shushi_monitor_replayed_entries{{log="{ORIGIN}"}} 300.0' in told:
                    break
                time.sleep(0.1)
        finally:
            process.terminate()
            _, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    for line in (
        f'shushi_monitor_accepted_entries{{log="{ORIGIN}"}} 300.0',
        f'shushi_monitor_log_up{{log="{ORIGIN}"}} 1.0',
        f'shushi_monitor_alerts{{alert="log_forked",log="{ORIGIN}"}} 0.0',
        "shushi_monitor_looks_failed_total 0.0",
    ):
        assert line in told, told


def test_a_glance_does_not_wait_for_who_writes_and_writes_nothing(reader: Reader) -> None:
    log = reader.monitor.log(ORIGIN)
    with reader.monitor.memory(ORIGIN) as memory:
        memory._file.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyNow):
            rounds.standing(reader.monitor, log, is_glance=True)
        memory._file.execute("ROLLBACK")
    assert rounds.standing(reader.monitor, log, is_glance=True).replayed == 2_000
    (reader.monitor.place(ORIGIN) / "replayed.db").unlink()
    with pytest.raises(BusyNow):
        rounds.standing(reader.monitor, log, is_glance=True)
