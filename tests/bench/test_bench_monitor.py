"""How fast a monitor reads a log, beside the least that anybody must do: hash the same bytes."""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import resource
import time
from collections.abc import Callable

import pytest

from catalog.audit_log import tiles
from catalog.monitoring import disk
from catalog.monitoring.disk import Followed, Monitor
from market.cli.cores import on_all_cores
from market.monitor import reading, rounds
from market.monitor.files import LogFiles
from tests.published_log import BASE, EPOCH, KEY, ORIGIN, PublishedLog, heads_entry, uses

pytestmark = pytest.mark.bench

_ENTRIES = 60_000


class _FromMemory:
    """The files of a log without a network, in whatever process asks."""

    def __init__(self, place: pathlib.Path) -> None:
        self._place = place

    def __call__(self) -> LogFiles:
        return _Folder(self._place)


class _Folder(LogFiles):
    def __init__(self, place: pathlib.Path) -> None:
        super().__init__("", None)  # type: ignore[arg-type]
        self._place = place

    def get(self, name: str) -> bytes | None:
        path = self._place / name
        return path.read_bytes() if path.exists() else None


def _cpu() -> float:
    mine, theirs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - begun, _cpu() - cpu


def test_a_monitor_reads_a_log_at_a_rate_that_is_told_beside_hashing_it(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves = uses(0, _ENTRIES, orders=2_000)
    leaves.append(heads_entry(leaves, len(leaves)))
    log = PublishedLog(leaves)
    public = tmp_path / "public"
    for name, content in log.files.items():
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_bytes(content)
    size, opens = len(leaves), _FromMemory(public)

    def hashed() -> None:
        for number in range((size + 255) // 256):
            raw = opens().bundle(size, number)
            for leaf in tiles.unpack(raw):
                hashlib.sha256(leaf).digest()

    def followed() -> None:
        place = tmp_path / "m"
        disk.create(place)
        Monitor(place).add_log(Followed(origin=ORIGIN, keys=(str(KEY),), url=BASE))
        with log.client() as client:
            told = rounds.follow_all(
                Monitor(place), now=EPOCH, client=client, tell=lambda _line: None
            )
        assert told[ORIGIN].replayed == size

    def spread(work: Callable[..., object], on_all: bool) -> None:
        parts, do = reading.stretches(0, size), functools.partial(work, opens)
        assert list(on_all_cores(do, parts) if on_all else map(do, parts))

    rows = {
        "sha256 of the same bytes": _timed(hashed),
        "read: compare, decode, name (one core)": _timed(lambda: spread(reading.read, False)),
        "read, all cores": _timed(lambda: spread(reading.read, True)),
        "hashed again: an audit (one core)": _timed(lambda: spread(reading.hashed, False)),
        "hashed again, all cores": _timed(lambda: spread(reading.hashed, True)),
        "a whole look: read, orders, heads, on disk": _timed(followed),
    }
    base = rows["sha256 of the same bytes"][1]
    with capsys.disabled():
        print(f"\n{size:,} entries, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}")
        for name, (seconds, cpu) in rows.items():
            print(f"  {name:<46} {size / seconds:>10,.0f}/s", end="")
            if "all cores" in name:  # the CPU of processes that others started is not told to us
                print("  with the start of the processes")
            else:
                print(f"  {size / cpu:>10,.0f}/s of CPU  {cpu / base:>6.1f}× the hashes")
    assert all(seconds > 0 for seconds, _ in rows.values())
