"""Run the product as a person at a terminal does: as a process, told by options and environment."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import httpx

from market.postgres import cluster

ROOT = pathlib.Path(__file__).parents[1]
PATIENCE = 150

# ``market …`` as somebody, in a process of its own.
Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


def environment(**more: str) -> dict[str, str]:
    """The environment of a new user: nothing of ours is set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "COLUMNS", "NO_COLOR") and not name.startswith("MARKET_")
    }
    return kept | {"PYTHONPATH": str(ROOT)} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*words: Any, **how: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "market", *map(str, words)],
        env=environment(**how.pop("env", {})),
        stdout=subprocess.PIPE,
        stderr=how.pop("stderr", subprocess.PIPE),
        text=True,
        **how,
    )


def market(*words: Any, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    process = start(*words, **how)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextlib.contextmanager
def serving(
    data_dir: pathlib.Path, *words: Any, **more: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running service and its address. It is gone afterwards."""
    port = free_port()
    with (data_dir.parent / f"serve-{port}.log").open("w") as log:
        process = start(
            "serve",
            "--data-dir",
            data_dir,
            "--port",
            port,
            *words,
            stderr=log,
            env={"MARKET_LOG_LEVEL": "error"} | more,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(process, url)
            yield process, url
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(PATIENCE)
            assert process.stdout
            process.stdout.close()


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended before it was ready"
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/healthz/ready", trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the service was never ready")


def stopped(process: subprocess.Popen[str]) -> tuple[int, float]:
    """Ask a service to stop; return its exit code and how many seconds it took."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE), time.monotonic() - begun


def processes_of(data_dir: pathlib.Path) -> list[str]:
    """The processes whose command names a data directory."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            if str(data_dir) in words:
                found.append(words)
    return found


async def as_owner(data_dir: pathlib.Path, *statements: str) -> list[Any]:
    """Do what only the owner of the database could, past every trigger; return each answer."""
    server = await cluster.ensure_running(data_dir)
    try:
        connection = await asyncpg.connect(server.dsn())
        try:
            await connection.execute("SET session_replication_role = replica")
            return [await connection.fetchval(statement) for statement in statements]
        finally:
            await connection.close()
    finally:
        await cluster.stop(server)


def told(result: subprocess.CompletedProcess[str]) -> Any:
    """What a command printed as JSON."""
    return json.loads(result.stdout)


def demo(data_dir: pathlib.Path) -> Any:
    """Tell the story to its end; return what it says of itself, and its steps."""
    words = ("demo", "--no-serve", "--json", "--data-dir", data_dir, "--port", free_port())
    result = market(*words)
    assert result.returncode == 0, result.stderr
    return told(result) | {"steps": result.stderr}


def copied(data_dir: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
    """A copy of a data directory, for what changes it."""
    subprocess.run(["cp", "-a", data_dir, to], check=True)
    return to
