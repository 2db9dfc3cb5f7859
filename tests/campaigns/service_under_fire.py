"""Run a real ``market serve`` on a data directory of its own, and kill parts of it.

The parts are found by their place in the data directory, so that nothing else on the machine is
ever hit: the service by its process group, the database server by ``postmaster.pid`` and the
children of that process, the guard as its parent.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import enum
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from typing import Any, Final

import httpx

from catalog.kernel.clock import monotonic
from market.postgres.running import lives, read_pid

START_SECONDS: Final = 90.0
GRACE_SECONDS: Final = 40.0


class Kill(enum.StrEnum):
    """What is killed."""

    SERVICE = "service"
    POSTMASTER = "postmaster"
    DATABASE = "all of the database"
    BACKEND = "one backend"
    EVERYTHING = "everything"
    STARTING = "everything, while starting"


class ServiceEnded(AssertionError):
    """The service ended by itself. The message has the end of what it wrote."""


class NotThere(Exception):
    """There is no database server just now."""


class Service:
    """One service at a time, on one data directory and one port."""

    def __init__(self, data_dir: pathlib.Path, *, workers: int = 1) -> None:
        self.data_dir = data_dir
        self.cluster = data_dir / "postgres"
        self.log = data_dir.with_name("serve.log")
        self.workers = workers
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.spawned_at = 0.0
        self.slow_ends = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service, as a person would."""
        environment = _environment() | {
            "MARKET_SANDBOX_CHANNEL": "1",
            "MARKET_JOB_INTERVAL_SECONDS": "0.2",
            "MARKET_LOG_LEVEL": "warning",
            "MARKET_PUBLIC_URL": self.url,
        }
        self.spawned_at = monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_MARKET, "serve", "--data-dir", str(self.data_dir),
                    "--port", str(self.port), "--workers", str(self.workers),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True,
            )  # fmt: skip

    def check_alive(self) -> None:
        """Return if the service runs.

        :raises ServiceEnded: if it ended by itself.
        """
        assert self._process is not None
        ended = self._process.poll()
        if ended is not None:
            raise ServiceEnded(f"exit {ended}:\n{self.log.read_text(errors='replace')[-3000:]}")

    async def kill(self, kind: Kill, *, gently: bool = False, after: float = 0.0) -> None:
        """Kill, and be sure that the service is gone.

        A service whose database was killed is let run ``after`` seconds without it; then it is told
        to stop (``gently``) or killed too.
        """
        assert self._process is not None
        postmaster, guard = self._postmaster()
        if kind in (Kill.EVERYTHING, Kill.STARTING, Kill.SERVICE):
            _kill_group(self._process.pid)
        if kind is Kill.BACKEND:
            _kill(next(iter(_backends(postmaster)), 0))
            return
        if kind is Kill.POSTMASTER and postmaster:
            _kill(postmaster)
        if kind in (Kill.DATABASE, Kill.EVERYTHING, Kill.STARTING) and postmaster:
            victims = [postmaster, *_children(postmaster)]
            if kind is not Kill.DATABASE:
                victims.insert(0, guard)
            for pid in victims:
                _kill(pid)
        if kind in (Kill.POSTMASTER, Kill.DATABASE):
            await asyncio.sleep(after)
            if gently:
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(self._process.wait, GRACE_SECONDS)
                if self._process.poll() is None:
                    self.slow_ends += 1
            _kill_group(self._process.pid)
        await asyncio.to_thread(self._process.wait)

    async def ready(self) -> float:
        """Wait until the service says that it is ready; return how long that took since its start.

        :raises ServiceEnded: if it ended by itself.
        """
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            while monotonic() - self.spawned_at < START_SECONDS:
                self.check_alive()
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get("/healthz/ready", timeout=5)).status_code == 200:
                        return monotonic() - self.spawned_at
                await asyncio.sleep(0.005)
        raise ServiceEnded("it did not become ready")

    async def kill_database_alone(self) -> None:
        """Kill the database server and let the service be."""
        postmaster, _ = self._postmaster()
        assert postmaster
        _kill(postmaster)

    async def ended_by_itself(self) -> int:
        """Wait until the service ends and return its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, GRACE_SECONDS)

    async def stop(self) -> None:
        """Stop the service as an operator would, and see that it ends well."""
        assert self._process is not None
        self._process.terminate()
        code = await asyncio.to_thread(self._process.wait, GRACE_SECONDS)
        assert code in (0, -signal.SIGTERM), self.log.read_text(errors="replace")[-3000:]

    def dsn(self, role: str | None = None) -> str:
        """Return how to reach the database now.

        :raises NotThere: if there is none just now.
        """
        running = read_pid(self.cluster)
        if running is None or not lives(self.cluster):
            raise NotThere
        user = role or "shushi_owner"
        return f"postgresql://{user}@/shushi?host={running.host}&port={running.port}"

    def _postmaster(self) -> tuple[int, int]:
        """Return the numbers of the database server and of its guard, or zeros."""
        running = read_pid(self.cluster)
        if running is None:
            return 0, 0
        with contextlib.suppress(OSError):
            if os.path.samestat(
                pathlib.Path(f"/proc/{running.pid}/cwd").stat(), self.cluster.stat()
            ):
                guard = _parent(running.pid)
                command = pathlib.Path(f"/proc/{guard}/cmdline").read_bytes()
                return running.pid, guard if b"guard.py" in command else 0
        return 0, 0


def faults_of(service: Service) -> collections.Counter[str]:
    """Return what the service logged as its own faults, by what and why."""
    found: collections.Counter[str] = collections.Counter()
    for line in service.log.read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            told_of = json.loads(line)
            if isinstance(told_of, dict) and told_of.get("level") == "error":
                last = str(told_of.get("exception", "")).strip().rpartition("\n")[2]
                where = told_of.get("job") or "request"
                found[f"{where}: {last.partition(':')[0]}"] += 1
    return found


async def told(*words: str, data_dir: pathlib.Path | None = None) -> tuple[int, str]:
    """Run one command of ours and return its exit code and what it wrote."""
    where = [] if data_dir is None else ["--data-dir", str(data_dir)]
    process = await asyncio.create_subprocess_exec(
        *_MARKET, *words, *where,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=_environment(),
    )  # fmt: skip
    out, _ = await process.communicate()
    return int(process.returncode or 0), out.decode(errors="replace")


_MARKET: Final = (sys.executable, "-m", "market")


def _environment() -> dict[str, Any]:
    # A service that was installed has its byte code; one that starts again and again writes it once.
    ours = ("MARKET_", "DATABASE_URL", "TEST_DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kill(pid: int) -> None:
    if pid > 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return int(text.rpartition(")")[2].split()[1])
    return 0


def _children(pid: int) -> list[int]:
    found = [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdigit()]
    return [each for each in found if _parent(each) == pid]


def _backends(postmaster: int) -> list[int]:
    """Return the server processes that work for clients, the one that was started last first."""
    found = []
    for pid in _children(postmaster):
        with contextlib.suppress(OSError):
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"market_" in command:
                found.append(pid)
    return sorted(found, reverse=True)
