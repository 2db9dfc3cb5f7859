"""A PostgreSQL of the campaign's own, everything that can be done to it, and a wire that can be cut.

The server is the embedded one with ``fsync`` on. Clients reach it through a proxy on a socket of its own,
which can lose answers, cut, or fall silent; after a restart it leads to the new server.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any, Final

import asyncpg

from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database
from market.migrations.upgrade import upgrade
from market.postgres import cluster
from market.postgres.directories import PORT
from market.postgres.running import read_pid
from tests.campaigns.service_under_fire import _backends, _children, _kill

SETTINGS: Final = {
    "max_connections": "60",
    "max_wal_size": "160MB",
    "min_wal_size": "32MB",
    "shared_buffers": "128MB",
    "checkpoint_timeout": "30s",
}
_DISK_BYTES: Final = 640 * 1024**2


class Wire(enum.Enum):
    """What the wire does."""

    WHOLE = "whole"
    LOSES_ANSWERS = "loses answers"
    CUT = "cut"
    SILENT = "silent"


class Proxy:
    """A socket that leads to the server, or does not."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.upstream: pathlib.Path | None = None
        self.wire = Wire.WHOLE
        self.lost = 0
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        path = self.directory / f".s.PGSQL.{PORT}"
        self._server = await asyncio.start_unix_server(self._connected, path=str(path))

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def set(self, wire: Wire) -> None:
        """Make the wire so; a cut one ends what runs over it."""
        self.wire = wire
        if wire is Wire.SILENT:
            self._is_whole.clear()
        else:
            self._is_whole.set()
        if wire is Wire.CUT:
            self.cut()

    def cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.wire is Wire.CUT or self.upstream is None:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_unix_connection(str(self.upstream))
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        try:
            await asyncio.gather(
                self._pump(reader, back, is_answer=False), self._pump(there, writer, is_answer=True)
            )
        finally:
            for each in (writer, back):
                each.transport.abort()
                self._open.discard(each)

    async def _pump(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._is_whole.wait()
                if is_answer and self.wire is Wire.LOSES_ANSWERS and b"COMMIT" in data:
                    self.lost += 1
                    break
                to.write(data)
                await to.drain()
        to.transport.abort()


class Stage:
    """The server, its databases, and what can be done to them."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.cluster = self.data / "postgres"
        # Not below ``directory``: the server's own account has to come in.
        self.shared = pathlib.Path(tempfile.mkdtemp(prefix="shushi-money-"))
        self.shared.chmod(0o755)
        self.proxy = Proxy(self.shared / "wire")
        self.database = "shushi"
        self.disk: pathlib.Path | None = None  # a small disk for databases, if one may be mounted
        self.wal_disk: pathlib.Path | None = None
        self._server: Any = None
        self._mounted: list[pathlib.Path] = []
        self._held: Database | None = None

    # ── the server ──

    async def open(self) -> None:
        await self.start_server()
        await self._execute("CREATE DATABASE money_template", database="postgres")
        await upgrade(self._server.dsn("money_template"))
        self._mount()
        if self.wal_disk is not None:
            await self.stop_server()
            _move(self.cluster / "pg_wal", self.wal_disk / "pg_wal")
            await self.start_server()
        if self.disk is not None:
            place = self.disk / "databases"
            place.mkdir()
            _own_as(place, self.cluster)
            await self._execute(f"CREATE TABLESPACE small LOCATION '{place}'", database="postgres")
        await self.proxy.start()

    async def close(self) -> None:
        await self.close_database()
        await self.proxy.stop()
        if self._server is not None:
            await self.stop_server()
        for each in self._mounted:
            subprocess.run(["umount", "-l", str(each)], check=False)
        shutil.rmtree(self.shared, ignore_errors=True)

    async def start_server(self) -> float:
        """Start the server, after whatever became of it; return how long it took."""
        began = monotonic()
        self._server = await cluster.ensure_running(self.data, settings=SETTINGS)
        self.proxy.upstream = pathlib.Path(self._server.host) / f".s.PGSQL.{PORT}"
        return monotonic() - began

    async def stop_server(self) -> None:
        await cluster.stop(self._server)

    async def kill_server(self) -> None:
        """Kill the server and all its processes at once (SIGKILL)."""
        for pid in self.processes():
            _kill(pid)
        await self._forget()

    async def _forget(self) -> None:
        with contextlib.suppress(Exception):
            await cluster.stop(self._server)

    def processes(self) -> list[int]:
        running = read_pid(self.cluster)
        return [] if running is None else [running.pid, *_children(running.pid)]

    def is_up(self) -> bool:
        running = read_pid(self.cluster)
        return running is not None and pathlib.Path(f"/proc/{running.pid}").exists()

    def kill_backend(self) -> None:
        running = read_pid(self.cluster)
        if running is not None:
            _kill(next(iter(_backends(running.pid)), 0))

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all processes of the server (SIGSTOP), and let them go on."""
        pids = self.processes()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    # ── databases ──

    async def new_database(self, *, on_small_disk: bool = False) -> None:
        """Go on with a fresh database."""
        await self.close_database()
        before, self.database = self.database, f"money_{secrets.token_hex(4)}"
        where = " TABLESPACE small" if on_small_disk else ""
        sql = f'CREATE DATABASE "{self.database}" TEMPLATE money_template STRATEGY FILE_COPY'
        await self._execute(sql + where, database="postgres")
        if before.startswith("money_"):
            await self._execute(f'DROP DATABASE "{before}" WITH (FORCE)', database="postgres")

    def db(self, *, pool_size: int = 24) -> Database:
        """Return the service's way to the database, through the proxy; one for all that ask."""
        if self._held is None:
            self._held = self.another_db(pool_size=pool_size)
        return self._held

    def another_db(self, *, pool_size: int = 24) -> Database:
        return Database(self.dsn, pool_size=pool_size)

    async def close_database(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(held.close(), 5)

    def dsn(self, role: str) -> str:
        return f"postgresql://{role}@/{self.database}?host={self.proxy.directory}&port={PORT}"

    @contextlib.asynccontextmanager
    async def owner(self, database: str | None = None) -> Any:
        """Reach the database as its owner, not through the proxy."""
        connection = await self._connect(database or self.database)
        try:
            yield connection
        finally:
            connection.terminate()

    async def _connect(self, database: str) -> Any:
        end = monotonic() + 30
        while True:
            try:
                return await asyncpg.connect(self._server.dsn(database), timeout=10)
            except (OSError, asyncpg.PostgresError):
                assert monotonic() < end, "the database does not come back"
                await asyncio.sleep(0.05)

    async def _execute(self, sql: str, *, database: str | None = None) -> None:
        async with self.owner(database) as connection:
            await connection.execute(sql)

    async def execute(self, sql: str) -> None:
        """Run a statement as the owner of the database."""
        await self._execute(sql)

    # ── disks ──

    def _mount(self) -> None:
        for name in ("disk", "wal_disk"):
            path = self.shared / name
            path.mkdir()
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(path)],
                check=False,
                capture_output=True,
            )
            if done.returncode == 0:
                self._mounted.append(path)
                path.chmod(0o755)
                setattr(self, name, path)

    @contextlib.contextmanager
    def filled(self, disk: pathlib.Path) -> Iterator[None]:
        """Fill a disk to the last byte, and free it."""
        ballast = disk / "ballast"
        try:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                for size in (1024**2, 8192, 512):
                    with contextlib.suppress(OSError):
                        while file.write(bytes(size)) == size:
                            pass
            yield
        finally:
            ballast.unlink(missing_ok=True)


def _move(source: pathlib.Path, target: pathlib.Path) -> None:
    shutil.copytree(source, target)
    for path in [target, *target.rglob("*")]:
        _own_as(path, source.parent)
    target.chmod(0o700)
    shutil.rmtree(source)
    source.symlink_to(target)


def _own_as(path: pathlib.Path, like: pathlib.Path) -> None:
    found = like.stat()
    os.chown(path, found.st_uid, found.st_gid)
