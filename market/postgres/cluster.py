"""Make, start, adopt and stop the database cluster of a data directory (内置数据库集群).

``<data_dir>/postgres`` is the cluster, ``postgres.log`` what the server says, ``run/`` the locks:
``start.lock`` is held while somebody starts, ``users.lock`` is shared by all processes that use the
server, ``server.lock`` is held by the server's own processes (see ``guard.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg

from market.postgres import guard
from market.postgres.account import account_for
from market.postgres.binaries import Binaries, LauncherError, find_binaries, readable_by
from market.postgres.creation import OWNER, check_or_make_cluster, environment, own
from market.postgres.diagnosis import StartFailed, diagnosed, disk_full
from market.postgres.directories import PORT, made, socket_dir
from market.postgres.locks import PATIENCE_SECONDS, Place, locked, make_run, share, ticks
from market.postgres.running import Running, look, read_pid, remove_traces
from market.postgres.service_lock import ServiceLock

__all__ = ["LauncherError", "Server", "ServiceLock", "ensure_running", "stop"]

DATABASE: Final = "shushi"
ATTEMPTS: Final = 50
GONE: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
LARGEST_LOG_BYTES: Final = 16 * 1024 * 1024
# Before it repairs what a crash left, the server has all its files written to the disk: by one call for
# all where that is safe, and not by one for each of two thousand, each of which waits for a busy disk.
_SAFE_AT_ONCE: Final = (5, 8)  # an older Linux could keep silent about an error of the disk


def _syncs_at_once() -> bool:
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (
        sys.platform == "linux"
        and release is not None
        and (int(release[1]), int(release[2])) >= _SAFE_AT_ONCE
    )


SETTINGS: Final[Mapping[str, str]] = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # so that the log can be understood by ``diagnosed``
    "log_line_prefix": "%m [%p] ",
    "random_page_cost": "1.1",
    "recovery_init_sync_method": "syncfs" if _syncs_at_once() else "fsync",
}


class StartTooSlow(LauncherError):
    """The server is still repairing itself (启动超时)."""

    code = "database_start_timeout"
    zh = "数据库在 {seconds} 秒内未就绪（可能仍在恢复）。请稍后重试；日志：{log}"
    en = "The database was not ready within {seconds} s (perhaps still in recovery). Try again; {log}"


@dataclass(frozen=True)
class Server:
    """Say where a running server is: who may use it is decided by the rights of the socket."""

    host: str
    port: int
    user: str
    bindir: Path
    data_dir: Path
    adopted: bool

    def dsn(self, database: str = DATABASE, user: str | None = None) -> str:
        """Return the connection string of a database, as asyncpg and libpq read it."""
        query = urlencode({"host": self.host, "port": self.port}, quote_via=quote)
        return f"postgresql://{quote(user or self.user)}@/{quote(database)}?{query}"


@dataclass
class _Hold:
    """Our share in a running server: the shared lock, and the guard if we started it."""

    server: Server
    users: int
    running: Running
    guard: subprocess.Popen[bytes] | None


_holds: Final[list[_Hold]] = []
# Guards of servers that others still use: we are their parent and remain it.
_left: Final[list[subprocess.Popen[bytes]]] = []
_holds_lock: Final = threading.Lock()


async def ensure_running(
    data_dir: Path,
    *,
    bindir: Path | None = None,
    settings: Mapping[str, str] | None = None,
    keep_alive: bool = False,
) -> Server:
    """Return the server of a data directory: the one that runs, or a new one.

    A cluster is made in an empty directory, and the database ``shushi`` if it is absent. The server
    stops when the last process that asked for it has ended or called ``stop``; with ``keep_alive``
    it goes on until somebody who started it calls ``stop``.

    :raises LauncherError: if there is none to be had; the message says what to do.
    """
    for attempt in range(ATTEMPTS):
        hold = await asyncio.to_thread(
            _held, data_dir, bindir, settings or {}, keep_alive=keep_alive
        )
        try:
            await _ensure_database(hold.server)
            break
        except GONE as error:
            # A server that was there a moment ago may be on its way out; then look again.
            await asyncio.to_thread(_released, hold)
            if attempt == ATTEMPTS - 1 or not hold.server.adopted:
                log = Place(hold.server.data_dir).log
                raise StartFailed(reason=str(error), log=log) from error
            await asyncio.sleep(0.1)
        except BaseException:
            await asyncio.to_thread(_released, hold)
            raise
    with _holds_lock:
        _holds.append(hold)
    return hold.server


async def stop(server: Server) -> None:
    """Stop a server that we started, unless another process uses it. An adopted one runs on.

    Whoever is the last to leave lets the server end: the guard sees to it.
    """
    with _holds_lock:
        hold = next((one for one in _holds if one.server == server), None)
        if hold is None:
            return
        _holds.remove(hold)
    await asyncio.to_thread(_released, hold)


def _held(
    data_dir: Path,
    bindir: Path | None,
    settings: Mapping[str, str],
    *,
    keep_alive: bool,
) -> _Hold:
    data_dir = data_dir.expanduser().absolute()
    place = Place(made(data_dir))
    make_run(place)
    binaries = find_binaries(bindir)
    with locked(place, "start.lock"):
        users = share(place)
        try:
            if running := look(place):
                server = Server(running.host, running.port, OWNER, binaries.bindir, data_dir, True)
                return _Hold(server, users, running, None)
            return _started(place, binaries, settings, users, keep_alive=keep_alive)
        except BaseException:
            os.close(users)
            raise


def _started(
    place: Place,
    binaries: Binaries,
    settings: Mapping[str, str],
    users: int,
    *,
    keep_alive: bool,
) -> _Hold:
    account = account_for(place.cluster)
    programs = readable_by(binaries, account, place.data_dir)
    check_or_make_cluster(place, programs, account, sync=settings.get("fsync") != "off")
    own(place.cluster, account)
    reachable = account.can_enter(place.cluster)
    remove_traces(place.cluster)
    host, is_temporary = socket_dir(place.cluster, account, reachable=reachable)
    process, running = _launched(
        place,
        {
            "command": [
                str(programs.bindir / "postgres"),
                *_options({**SETTINGS, **settings}, host),
            ],
            "environment": environment(),
            "cluster": str(place.cluster),
            "by_descriptor": not reachable,
            "users_lock": None if keep_alive else str(place.run / "users.lock"),
            "server_lock": str(place.run / "server.lock"),
            "socket_dir": str(host) if is_temporary else None,
            "uid": None if account.is_current else account.uid,
            "gid": account.gid,
        },
    )
    server = Server(str(host), PORT, OWNER, programs.bindir, place.data_dir, False)
    return _Hold(server, users, running, process)


def _options(settings: Mapping[str, str], host: Path) -> list[str]:
    quoted = '"' + str(host).replace('"', '""') + '"'
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": quoted,
        "unix_socket_permissions": "0700",
        "logging_collector": "off",
        "port": str(PORT),
    }
    return [
        word for name, value in {**settings, **fixed}.items() for word in ("-c", f"{name}={value}")
    ]


def _launched(place: Place, order: dict[str, Any]) -> tuple[subprocess.Popen[bytes], Running]:
    """Start the guard, and wait until its server says that it is ready."""
    if place.log.exists() and place.log.stat().st_size > LARGEST_LOG_BYTES:
        place.log.replace(place.log.with_suffix(".log.1"))
    hear, tell = os.pipe()
    try:
        with place.log.open("ab") as log:
            before = log.tell()
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [
                    sys.executable,
                    "-I",
                    "-S",
                    guard.__file__,
                    json.dumps({**order, "tell": tell}),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(tell,),
                cwd="/",
                start_new_session=True,  # Ctrl-C in a terminal is not for the database
            )
    except OSError as error:
        os.close(hear)
        raise disk_full(place) if error.errno == errno.ENOSPC else error from error
    finally:
        os.close(tell)
    with os.fdopen(hear, "rb") as pipe:
        said = pipe.readline()
    for _ in ticks(PATIENCE_SECONDS):
        running = read_pid(place.cluster)
        # A stale file of a killed server says "ready" too: only our child's number counts.
        if running and said and running.pid == int(said) and running.status == "ready":
            return process, running
        if process.poll() is not None:
            raise diagnosed(place, _log_since(place.log, before))
    if said:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(said), signal.SIGINT)
    raise StartTooSlow(seconds=int(PATIENCE_SECONDS), log=place.log)


def _log_since(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read()[-4000:].decode(errors="replace")


async def _ensure_database(server: Server) -> None:
    connection = await asyncpg.connect(server.dsn("postgres"), timeout=PATIENCE_SECONDS)
    try:
        known = "SELECT 1 FROM pg_database WHERE datname = $1"
        if await connection.fetchval(known, DATABASE) is None:
            # Somebody else may have asked the same server at the same moment.
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


def _released(hold: _Hold) -> None:
    """Give our share back; stop the server if we started it and nobody else has a share."""
    try:
        if hold.guard is None:
            return
        if _are_we_alone(hold.users):
            _shut_down(hold.running.pid, hold.guard)
        else:
            _left.append(hold.guard)
    finally:
        os.close(hold.users)


def _are_we_alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _shut_down(pid: int, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:  # it is gone already, and its number may be another's
        return
    # First roll back and disconnect, then at once, then by force.
    for step in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
            return
